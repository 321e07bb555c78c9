import { channelTree, iconOf, isLocked, isThread, kindOf, TYPES } from "../channels.js";
import { html, useState } from "../html.js";
import { moveFocus } from "../keys.js";
import { displayName, titleOf } from "../names.js";
import { Avatar, Icon } from "./common.js";
import { usePage } from "./context.js";
import { ViewAsButton } from "./people.js";

const SHOWN_THREADS = 6;
const KEY = "collapsed";

/** The channels of the open server, or the direct messages; at the bottom who it is looked at as. */
export function Sidebar() {
  const { state, store } = usePage();
  const guild = store.guild();
  return html`<div class="sidebar">
    <header class="sidebar-head"><h2>${state.place.direct ? "Direct messages" : (guild?.name ?? "No server")}</h2></header>
    <${FindButton} />
    <nav class="sidebar-list" aria-label="Channels" onKeyDown=${walk}>
      ${state.place.direct ? html`<${Directs} />` : guild && html`<${Channels} guild=${guild} />`}
      ${!guild && !state.place.direct && html`<p class="hint">${displayName(state.viewer)} is in no server (any more).</p>`}
    </nav>
    <${ViewAsButton} />
  </div>`;
}

/** Arrow keys move in the list, left and right close and open the category they are on. */
function walk(event) {
  moveFocus(event, ".nav-item");
  const open = document.activeElement?.getAttribute("aria-expanded");
  if ((event.key === "ArrowLeft" && open === "true") || (event.key === "ArrowRight" && open === "false"))
    document.activeElement.click();
}

function FindButton() {
  const { store } = usePage();
  return html`<button type="button" class="find-button" onClick=${() => store.set({ front: "switcher" })}>
    <${Icon} name="search" size=${16} /><span>Go to …</span><kbd>Ctrl K</kbd></button>`;
}

function Channels({ guild }) {
  const { store, state } = usePage();
  const [closed, setClosed] = useState(collapsed);
  const toggle = (id) => {
    const next = closed.includes(id) ? closed.filter((item) => item !== id) : [...closed, id];
    localStorage.setItem(KEY, JSON.stringify(next));
    setClosed(next);
  };
  return channelTree(guild).map(({ category, channels }) => {
    const shut = category !== null && closed.includes(category.id);
    const shown = channels.filter(
      ({ channel, threads }) =>
        !shut || [channel, ...threads].some((item) => store.unread(item) || item.id === state.place.channel),
    );
    return html`<section key=${category?.id ?? "top"} class="category">
      ${
        category &&
        html`<button type="button" class="nav-item category-name" aria-expanded=${String(!shut)} onClick=${() => toggle(category.id)}>
        <${Icon} name=${shut ? "right" : "down"} size=${12} />${category.name}</button>`
      }
      <ul>${shown.map((row) => html`<${Row} key=${row.channel.id} guild=${guild} ...${row} />`)}</ul>
    </section>`;
  });
}

function collapsed() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

function Row({ guild, channel, threads }) {
  const { store, state } = usePage();
  const more = threads.length - SHOWN_THREADS;
  const open = () => {
    store.enter(guild.id, channel.id);
    store.set({ front: channel.type === TYPES.FORUM ? null : "threads" });
  };
  return html`<li>
    <${Entry} channel=${channel} guild=${guild} />
    ${
      threads.length > 0 &&
      html`<ul class="threads" aria-label=${`Threads of ${channel.name}`}>
      ${threads.filter((thread, index) => index < SHOWN_THREADS || thread.id === state.place.channel).map((thread) => html`<li key=${thread.id}><${Entry} channel=${thread} guild=${guild} /></li>`)}
      ${more > 0 && html`<li><button type="button" class="nav-item more" onClick=${open}>${more} more …</button></li>`}
    </ul>`
    }
  </li>`;
}

/** One channel, thread or direct message to open. */
function Entry({ channel, guild }) {
  const { state, store, actions } = usePage();
  const current = channel.id === state.place.channel;
  const mentions = state.mentions.get(channel.id) ?? 0;
  const unread = store.unread(channel);
  const locked = !isThread(channel) && isLocked(channel, guild);
  const disabled = channel.type === TYPES.VOICE;
  const about = [
    titleOf(channel),
    kindOf(channel),
    locked && "private",
    mentions ? `${mentions} mentions` : unread && "unread",
    disabled && "not part of the sandbox",
  ]
    .filter(Boolean)
    .join(", ");
  return html`<button type="button" class=${`nav-item ${unread ? "unread" : ""}`} aria-label=${about} aria-current=${current ? "page" : null} disabled=${disabled}
    title=${disabled ? "The sandbox has no voice" : null} onClick=${() => actions.open(guild?.id ?? null, channel.id)}>
    ${channel.recipients ? html`<${Avatar} user=${channel.recipients[0]} size=${24} />` : !isThread(channel) && html`<span class="nav-icon"><${Icon} name=${iconOf(channel)} size=${18} />${locked && html`<${Icon} name="lock" size=${11} />`}</span>`}
    ${isThread(channel) && channel.private && html`<${Icon} name="lock" size=${12} />`}
    <span class="nav-name">${titleOf(channel)}</span>
    ${mentions > 0 && html`<span class="badge" aria-hidden="true">${mentions}</span>`}
  </button>`;
}

/** Direct messages, and the applications one can be started with. */
function Directs() {
  const { state, actions } = usePage();
  const known = new Set(state.direct.flatMap((channel) => channel.recipients.map((user) => user.id)));
  const apps = new Map();
  for (const guild of state.guilds.values())
    for (const member of guild.members)
      if (member.application && !known.has(member.user.id)) apps.set(member.user.id, member);
  return html`<ul>${state.direct.map((channel) => html`<li key=${channel.id}><${Entry} channel=${channel} guild=${null} /></li>`)}</ul>
    ${
      apps.size > 0 &&
      html`<h3 class="category-name">Write to</h3><ul>${[...apps.values()].map(
        (member) => html`<li key=${member.user.id}>
      <button type="button" class="nav-item" onClick=${() => actions.openDirect(member.user.id).catch(() => {})}><${Avatar} user=${member.user} size=${24} /><span class="nav-name">${displayName(member)}</span></button></li>`,
      )}</ul>`
    }
    ${apps.size + state.direct.length === 0 && html`<p class="hint">No application to write to: none is in a server of ${displayName(state.viewer)}.</p>`}`;
}
