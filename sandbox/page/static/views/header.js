import { iconOf, isLocked, isThread, kindOf, TYPES } from "../channels.js";
import { html, useState } from "../html.js";
import { titleOf } from "../names.js";
import { chooseTheme, chosenTheme, THEMES } from "../theme.js";
import { Icon, IconButton } from "./common.js";
import { usePage } from "./context.js";
import { PHONE, useMedia } from "./screen-size.js";
import { PinsDialog } from "./pins.js";
import { RichText } from "./rich-text.js";
import { ChannelActions } from "./thread-actions.js";
import { ThreadsDialog } from "./thread-list.js";

/** What stands over a room: its name and topic, and what can be opened beside it. */
export function Header({ toggleSide }) {
  const { state, store } = usePage();
  const channel = store.channel(state.place.channel);
  const guild = store.guild();
  const phone = useMedia(PHONE);
  const threads = channel && guild && hasThreads(channel) && !(phone && isThread(channel)); // there its name needs the room
  const close = () => store.set({ front: null });
  return html`<header class="header">
    <${Lead} />
    ${channel && html`<${Name} channel=${channel} guild=${guild} />`}
    <div class="header-tools" role="toolbar" aria-label="Beside the channel">
      ${threads && html`<${Tool} icon="thread" label="Threads" dialog="threads" />`}
      ${channel && channel.type !== TYPES.FORUM && html`<${Tool} icon="pin" label="Pinned messages" dialog="pins" />`}
      ${guild && html`<${IconButton} icon="people" label="Members" aria-pressed=${String(state.side === "members")} onClick=${() => toggleSide("members")} />`}
      <${IconButton} icon="panel" label="What the bot noted" aria-pressed=${String(state.side === "notes")} onClick=${() => toggleSide("notes")} />
      <${ThemeButton} />
      ${channel && html`<${ChannelActions} channel=${channel} />`}
    </div>
    ${state.front === "threads" && channel && html`<${ThreadsDialog} channel=${channel} onClose=${close} />`}
    ${state.front === "pins" && channel && html`<${PinsDialog} channel=${channel} onClose=${close} />`}
  </header>`;
}

function hasThreads(channel) {
  return channel.type === TYPES.TEXT || channel.type === TYPES.NEWS || isThread(channel);
}

/** On a phone: the way to the channels, or from a thread back to its channel. */
function Lead() {
  const { state, store, actions } = usePage();
  const phone = useMedia(PHONE);
  const channel = store.channel(state.place.channel);
  const parent = channel && isThread(channel) ? store.channel(channel.parent_id) : null;
  const elsewhere = phone && state.mentions.size - Number(state.mentions.has(state.place.channel));
  return html`
    ${
      phone &&
      html`<span class="lead"><${IconButton} icon="menu" label="Channels" aria-haspopup="dialog" onClick=${() => store.set({ front: "drawer" })} />
      ${elsewhere > 0 && html`<span class="dot"><span class="visually-hidden">Mentions elsewhere</span></span>`}</span>`
    }
    ${
      parent &&
      html`<button type="button" class="crumb" onClick=${() => actions.open(channel.guild_id, parent.id)} title=${`Back to ${parent.name}`}>
      <${Icon} name="back" size=${16} /><span>${parent.name}</span></button>`
    }`;
}

function Name({ channel, guild }) {
  const locked = !isThread(channel) && isLocked(channel, guild);
  const archived = channel.thread_metadata?.archived;
  return html`<div class="header-name">
    <${Icon} name=${iconOf(channel)} label=${kindOf(channel)} />
    <h1>${titleOf(channel)}</h1>
    ${locked && html`<${Icon} name="lock" size=${14} label="private" />`}
    ${archived && html`<span class="chip">Archived</span>`}
    ${channel.thread_metadata?.locked && html`<span class="chip">Locked</span>`}
    ${channel.topic && html`<p class="topic" title=${channel.topic}><${RichText} text=${channel.topic} guild=${guild} inline /></p>`}
  </div>`;
}

function Tool({ icon, label, dialog }) {
  const { state, store } = usePage();
  return html`<${IconButton} icon=${icon} label=${label} aria-haspopup="dialog" aria-expanded=${String(state.front === dialog)} onClick=${() => store.set({ front: dialog })} />`;
}

function ThemeButton() {
  const [theme, setTheme] = useState(chosenTheme);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  const change = () => {
    chooseTheme(next);
    setTheme(next);
  };
  return html`<${IconButton} icon=${{ system: "screen", dark: "moon", light: "sun" }[theme]} label=${`Colours: ${theme === "system" ? "as the system" : theme}`} onClick=${change} />`;
}
