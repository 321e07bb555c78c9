// One message: who, when, what, and everything that hangs on it.
import { html } from "../html.js";
import { displayName } from "../names.js";
import { formatTime } from "../times.js";
import { isSpoken } from "../timeline.js";
import { Attachments } from "./attachment.js";
import { Avatar, Icon, Time } from "./common.js";
import { Components, shownFiles } from "./components.js";
import { usePageQuietly } from "./context.js";
import { Embed } from "./embed.js";
import { MessageActions } from "./message-actions.js";
import { MessageEditor } from "./message-editor.js";
import {
  AuthorName,
  Badge,
  CommandLine,
  EphemeralFoot,
  NoteChip,
  ReplyLine,
  SystemMessage,
  ThreadChip,
} from "./message-parts.js";
import { showProfile } from "./profile.js";
import { Reactions } from "./reactions.js";
import { RichText } from "./rich-text.js";

const SUPPRESS_EMBEDS = 1 << 2;
const LOADING = 1 << 7;
const THREAD_STARTER = 21;

/**
 * `compact` leaves the author out, `active` shows what can be done with it, `selected` its note's chip as
 * pressed, `flashed` that it was jumped to, `pinged` that it mentions the viewer; `editing` puts a box in place of
 * its words; `focusable` is the one message that Tab reaches.
 */
export function Message({
  message,
  guild,
  compact = false,
  active = false,
  selected = false,
  flashed = false,
  pinged = false,
  editing = false,
  focusable = false,
}) {
  const shown = message.type === THREAD_STARTER ? message.referenced_message : message;
  const system = !shown || !(isSpoken(shown) || message.type === THREAD_STARTER);
  const classes = {
    message: true,
    compact,
    active,
    flashed,
    pinged,
    ephemeral: message.ephemeral,
    "is-system": system,
  };
  const name = `${displayName(message)}, ${formatTime(new Date(message.timestamp), "t")}`;
  return html`<li class=${Object.keys(classes)
    .filter((key) => classes[key])
    .join(
      " ",
    )} id=${`message-${message.id}`} data-id=${message.id} tabindex=${focusable ? 0 : -1} aria-label=${name}>
    ${system ? html`<${SystemMessage} message=${message} guild=${guild} />` : html`<${Spoken} message=${shown} guild=${guild} compact=${compact} selected=${selected} editing=${editing} />`}
    ${active && html`<${MessageActions} message=${message} />`}
  </li>`;
}

function Spoken({ message, guild, compact, selected, editing }) {
  const { store } = usePageQuietly();
  const profile = (event) => showProfile(store, message.author, event.currentTarget);
  return html`
    ${message.type === 19 && html`<${ReplyLine} message=${message} guild=${guild} />`}
    ${message.interaction_metadata?.name && html`<${CommandLine} message=${message} guild=${guild} />`}
    <div class="message-gutter">
      ${
        compact
          ? html`<span class="message-hour" aria-hidden="true">${formatTime(new Date(message.timestamp), "t")}</span>`
          : html`<button type="button" class="message-face" tabindex="-1" aria-hidden="true" onClick=${profile}><${Avatar} user=${message.author} size=${40} /></button>`
      }
    </div>
    <div class="message-body">
      ${
        !compact &&
        html`<div class="message-head">
        <${AuthorName} message=${message} guild=${guild} /> <${Badge} message=${message} />
        <span class="when"><${Time} iso=${message.timestamp} /></span>
        ${message.pinned && html`<span class="pinned"><${Icon} name="pin" size=${13} />pinned</span>`}
        ${message.note && html`<${NoteChip} message=${message} selected=${selected} />`}
      </div>`
      }
      <${Content} message=${message} guild=${guild} editing=${editing} />
      ${
        compact &&
        (message.note || message.pinned) &&
        html`<div class="message-marks">
        ${message.pinned && html`<span class="pinned"><${Icon} name="pin" size=${13} />pinned</span>`}
        ${message.note && html`<${NoteChip} message=${message} selected=${selected} />`}
      </div>`
      }
    </div>`;
}

function Content({ message, guild, editing }) {
  const { flags = 0 } = message;
  if (flags & LOADING) {
    return html`<p class="thinking" role="status"><span class="dots" aria-hidden="true"></span> ${displayName(message)} is thinking …</p>
      ${message.ephemeral && html`<${EphemeralFoot} message=${message} />`}`;
  }
  const embeds = flags & SUPPRESS_EMBEDS ? [] : message.embeds;
  return html`
    ${editing ? html`<${MessageEditor} message=${message} />` : message.content && html`<${Words} message=${message} guild=${guild} />`}
    ${message.attachments.length > 0 && html`<${Attachments} files=${message.attachments} hidden=${shownFiles([message.components, embeds], message.attachments)} />`}
    ${embeds.map((embed, index) => html`<${Embed} key=${index} embed=${embed} files=${message.attachments} guild=${guild} users=${message.mentions} />`)}
    ${message.components.length > 0 && html`<${Components} message=${message} guild=${guild} />`}
    ${isBare(message, embeds) && html`<p class="component-unknown">(a message of a kind this page doesn't know)</p>`}
    ${message.reactions?.length > 0 && html`<${Reactions} message=${message} />`}
    ${message.thread && html`<${ThreadChip} thread=${message.thread} />`}
    ${message.ephemeral && html`<${EphemeralFoot} message=${message} />`}`;
}

function isBare(message, embeds) {
  return !message.content && !message.attachments.length && !embeds.length && !message.components.length;
}

function Words({ message, guild }) {
  return html`<div class="words">
    <${RichText} text=${message.content} guild=${guild} users=${message.mentions} jumbo />
    ${message.edited_timestamp && html`<span class="edited" title=${`Edited ${formatTime(new Date(message.edited_timestamp), "F")}`}>(edited)</span>`}
  </div>`;
}
