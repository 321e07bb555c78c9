import { html } from "../html.js";
import { hueOf, initials } from "../names.js";
import { firstChannel } from "../channels.js";
import { moveFocus } from "../keys.js";
import { Icon } from "./common.js";
import { usePage } from "./context.js";

/** The strip of servers, direct messages on top. */
export function Rail() {
  const { state, store, actions } = usePage();
  const direct = directMarks(store);
  const open = (guildId, channelId) => {
    const { front } = state;
    actions.open(guildId, channelId);
    if (front === "drawer") store.set({ front }); // a phone's drawer stays, to choose a channel
  };
  return html`<nav class="rail" aria-label="Servers" onKeyDown=${(event) => moveFocus(event, ".rail-item")}><ul>
    <${Item} label="Direct messages" current=${Boolean(state.place.direct)} marks=${direct} onClick=${() => open(null, latestDirect(state))}>
      <span class="rail-face rail-direct"><${Icon} name="at" size=${22} /></span>
    <//>
    <li class="rail-line" aria-hidden="true"></li>
    ${[...state.guilds.values()].map(
      (guild) => html`<${Item} key=${guild.id} label=${guild.name} current=${guild.id === state.place.guild}
      marks=${store.unreadIn(guild)} onClick=${() => openGuild(state, open, guild)}>
      <span class=${`rail-face hue-${hueOf(guild.id)}`}>${initials(guild.name)}</span>
    <//>`,
    )}
  </ul></nav>`;
}

function Item({ label, current, marks, onClick, children }) {
  const { unread, mentions } = marks;
  const said = [label, mentions ? `${mentions} mentions` : unread ? "unread" : ""].filter(Boolean).join(", ");
  return html`<li class=${`rail-slot ${unread ? "unread" : ""}`}>
    <button type="button" class="rail-item" aria-label=${said} title=${label} aria-current=${current ? "true" : null} onClick=${onClick}>${children}</button>
    ${mentions > 0 && html`<span class="badge" aria-hidden="true">${mentions}</span>`}
  </li>`;
}

function directMarks(store) {
  const { direct, mentions } = store.state;
  return {
    unread: direct.some((channel) => store.unread(channel)),
    mentions: direct.reduce((sum, channel) => sum + (mentions.get(channel.id) ?? 0), 0),
  };
}

function latestDirect(state) {
  return state.direct[0]?.id ?? null;
}

/** Opens a server where the viewer left it. */
function openGuild(state, open, guild) {
  if (guild.id === state.place.guild) return;
  const last = state.left.get(guild.id);
  const known = guild.channels.some((channel) => channel.id === last);
  open(guild.id, known ? last : (firstChannel(guild)?.id ?? null));
}
