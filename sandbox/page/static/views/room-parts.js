// What a room shows besides messages: its beginning, and that it is loading.
import { iconOf } from "../channels.js";
import { html } from "../html.js";
import { displayName } from "../names.js";
import { can, isThread, TYPES } from "../store.js";
import { Avatar, Icon } from "./common.js";
import { usePageQuietly } from "./context.js";
import { RichText } from "./rich-text.js";

const READ_HISTORY = 1n << 16n;
const BONES = [
  [30, 70],
  [22, 45],
  [26, 85],
  [18, 60],
  [34, 30],
  [24, 75],
];

function mayReadHistory(channel) {
  return channel.type === TYPES.DM || can(channel.permissions, READ_HISTORY);
}

/** Grey shapes in place of messages that are on their way. */
export function Skeleton({ full }) {
  return html`<div class="skeleton" aria-hidden="true">
    ${(full ? [...BONES, ...BONES] : BONES.slice(0, 2)).map(([name, text], index) => html`<div class="bone" key=${index}><i></i><b style=${{ width: `${name}%` }}></b><span style=${{ width: `${text}%` }}></span></div>`)}
  </div>`;
}

/** What stands above the first message of a room. */
export function Beginning({ channel, empty }) {
  const { store } = usePageQuietly();
  if (!mayReadHistory(channel)) {
    return html`<div class="beginning"><${Icon} name="lock" size=${36} /><h2>You can't read what was written here before</h2>
      <p>New messages appear as they are written. To see older ones, a member needs the permission to read the message history.</p></div>`;
  }
  if (channel.type === TYPES.DM) return html`<${DirectBeginning} channel=${channel} empty=${empty} />`;
  const guild = store.guild();
  const owner = isThread(channel) && guild?.members.find((member) => member.user.id === channel.owner_id);
  return html`<div class="beginning">
    <span class="beginning-icon"><${Icon} name=${iconOf(channel)} size=${32} /></span>
    <h2 dir="auto">${isThread(channel) ? channel.name : `Welcome to #${channel.name}`}</h2>
    ${owner && html`<p>A thread started by ${displayName(owner)}.</p>`}
    ${!isThread(channel) && html`<p>This is where the channel begins.</p>`}
    ${channel.topic && html`<${RichText} text=${channel.topic} />`}
    ${empty && html`<p class="beginning-empty">Nobody has written anything yet. Say hello!</p>`}
  </div>`;
}

function DirectBeginning({ channel, empty }) {
  const other = channel.recipients?.[0];
  return html`<div class="beginning">
    ${other && html`<${Avatar} user=${other} size=${64} />`}
    <h2 dir="auto">${other ? displayName(other) : "Direct messages"}</h2>
    <p>This is the beginning of your direct messages${other ? ` with ${displayName(other)}` : ""}.</p>
    ${empty && html`<p class="beginning-empty">Nothing was written yet.</p>`}
  </div>`;
}
