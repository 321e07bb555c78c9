// What stands above and below the words of a message.
import { roleColour, textColour } from "../colours.js";
import { html } from "../html.js";
import { displayName } from "../names.js";
import { systemLine } from "../system.js";
import { Avatar, BotMark, Icon, Time } from "./common.js";
import { usePageQuietly } from "./context.js";
import { showProfile } from "./profile.js";
import { RichText } from "./rich-text.js";

const WEBHOOK = html`<span class="bot-mark webhook-mark">WEBHOOK</span>`;

/** The name of who wrote a message: in the colour of their role, with a card about them. */
export function AuthorName({ message, guild, plain = false }) {
  const { store } = usePageQuietly();
  const member = guild?.members.find((item) => item.user.id === message.author.id);
  const style =
    message.webhook_id && !message.application_id
      ? null
      : textColour(roleColour(guild, member?.roles ?? message.member?.roles));
  const name = displayName(member ?? message);
  const look = `author${style ? " coloured" : ""}`;
  if (plain) return html`<span class=${look} style=${style} dir="auto">${name}</span>`;
  return html`<button type="button" class=${look} style=${style} dir="auto" onClick=${(event) => showProfile(store, message.author, event.currentTarget)}>${name}</button>`;
}

export function Badge({ message }) {
  if (message.webhook_id && !message.interaction_metadata && !message.application_id) return WEBHOOK;
  return message.author.bot ? html`<${BotMark} />` : null;
}

/** Who and what a message replies to; pressing it goes there. */
export function ReplyLine({ message, guild }) {
  const { store } = usePageQuietly();
  const target = message.referenced_message;
  if (!target) {
    const text =
      target === null ? "The original message was deleted." : "The original message could not be loaded.";
    return html`<div class="reply-line gone"><${Icon} name="reply" size=${14} /><em>${text}</em></div>`;
  }
  return html`<div class="reply-line">
    <${Avatar} user=${target.author} size=${16} />
    <${AuthorName} message=${target} guild=${guild} plain />
    <button type="button" class="reply-snippet" title="Go to this message" onClick=${() => store.set({ jump: { message: target.id } })}>
      <${Snippet} message=${target} guild=${guild} />
    </button>
  </div>`;
}

/** A message in one line. */
function Snippet({ message, guild }) {
  if (message.content)
    return html`<${RichText} text=${message.content.slice(0, 300)} guild=${guild} users=${message.mentions} inline />`;
  const what = message.attachments?.length
    ? "a file"
    : message.embeds?.length
      ? "an embed"
      : message.components?.length
        ? "buttons or boxes"
        : "an empty message";
  return html`<em>(${what}; press to look)</em>`;
}

/** "Ann used /help": the command a message answers. */
export function CommandLine({ message, guild }) {
  const { store } = usePageQuietly();
  const { user, name, command_type: kind } = message.interaction_metadata;
  const member = guild?.members.find((item) => item.user.id === user.id);
  return html`<div class="reply-line">
    <${Avatar} user=${user} size=${16} />
    <button type="button" class="author" onClick=${(event) => showProfile(store, user, event.currentTarget)}>${displayName(member ?? user)}</button>
    <span>used</span> <span class="mention">${kind === undefined || kind === 1 ? `/${name}` : name}</span>
  </div>`;
}

/** A message nobody typed. */
export function SystemMessage({ message, guild }) {
  const { store, actions } = usePageQuietly();
  const line = systemLine(message);
  const reference = message.message_reference;
  const goThere = () => store.set({ jump: { message: reference.message_id } });
  const open = () => actions.open(message.guild_id ?? null, reference.channel_id);
  return html`<div class="system">
    <span class="system-icon"><${Icon} name=${line.icon} size=${18} /></span>
    <p dir="auto"><${AuthorName} message=${message} guild=${guild} /> ${line.text}
      ${line.thread && html` <button type="button" class="linkish" disabled=${!reference?.channel_id} onClick=${open}>${message.content}</button>`}
      ${line.jump && reference?.message_id && html` <button type="button" class="linkish" onClick=${goThere}>Go to it</button>`}
      <span class="when"><${Time} iso=${message.timestamp} /></span></p>
  </div>`;
}

/** The thread that was started from a message. */
export function ThreadChip({ thread }) {
  const { actions } = usePageQuietly();
  const count = thread.message_count ?? 0;
  const ended = thread.thread_metadata?.archived ? " · archived" : "";
  return html`<button type="button" class="thread-chip" onClick=${() => actions.open(thread.guild_id, thread.id)}>
    <${Icon} name="thread" size=${16} /><strong dir="auto">${thread.name}</strong>
    <span>${count === 1 ? "1 message" : `${count} messages`}${ended} ›</span>
  </button>`;
}

/** What a bot noted about a message, in a word; pressing it shows the note beside the room. */
export function NoteChip({ message, selected }) {
  const { store } = usePageQuietly();
  const { title, tone } = message.note;
  return html`<button type="button" class=${`note-chip tone-${tone}`} aria-pressed=${selected} title="What the bot decided about this message"
    onClick=${() => store.set({ selected: selected ? null : message.id })}><${Icon} name="note" size=${13} />${title}</button>`;
}

/** Below an ephemeral message. */
export function EphemeralFoot({ message }) {
  const { store } = usePageQuietly();
  const dismiss = () => store.apply("MESSAGE_GONE", { channel_id: message.channel_id, ids: [message.id] });
  return html`<p class="ephemeral-foot"><${Icon} name="eye" size=${14} /> Only you can see this · <button type="button" class="linkish" onClick=${dismiss}>Dismiss</button></p>`;
}
