// What the viewer may do with a channel, a thread or a message. The bits are those of sandbox/permissions.py.
import { can, isThread, TYPES } from "../store.js";

export const P = {
  MANAGE_CHANNELS: 1n << 4n,
  ADD_REACTIONS: 1n << 6n,
  VIEW_CHANNEL: 1n << 10n,
  SEND_MESSAGES: 1n << 11n,
  MANAGE_MESSAGES: 1n << 13n,
  ATTACH_FILES: 1n << 15n,
  MENTION_EVERYONE: 1n << 17n,
  USE_COMMANDS: 1n << 31n,
  MANAGE_THREADS: 1n << 34n,
  CREATE_PUBLIC_THREADS: 1n << 35n,
  CREATE_PRIVATE_THREADS: 1n << 36n,
  PIN_MESSAGES: 1n << 51n,
};
const WRITTEN = [0, 19, 20, 23]; // types of messages somebody wrote: plain, reply, answers of commands
const EDITABLE = [0, 19];

/** Whether the viewer may write: {allowed, reason (why not), note (what writing does), files}. */
export function writingIn(channel, member, now = new Date()) {
  const { permissions } = channel;
  const thread = channel.thread_metadata;
  const out = member?.communication_disabled_until;
  if (out && new Date(out) > now) return denied(`You are timed out until ${new Date(out).toLocaleString()}.`);
  if (channel.type === TYPES.CATEGORY || channel.type === TYPES.FORUM)
    return denied("Messages are written in the posts of a forum.");
  if (!can(permissions, P.SEND_MESSAGES)) return denied("You can't write here: your roles don't allow it.");
  if (thread?.locked && !can(permissions, P.MANAGE_THREADS))
    return denied("This thread is locked: only moderators can write in it.");
  let note = null;
  if (thread?.archived) note = "This thread is archived. Writing in it reopens it.";
  else if (thread?.locked) note = "This thread is locked: only moderators can write in it.";
  return { allowed: true, reason: null, note, files: can(permissions, P.ATTACH_FILES) };
}

function denied(reason) {
  return { allowed: false, reason, note: null, files: false };
}

/** What the viewer may do with a message, by name. */
export function messageRights(message, channel, viewerId) {
  const { permissions } = channel;
  const own = message.author.id === viewerId && !message.webhook_id;
  const written = WRITTEN.includes(message.type);
  const shared = !message.ephemeral;
  const inGuild = Boolean(channel.guild_id);
  return {
    reply: shared && written && writingIn(channel).allowed,
    edit: own && shared && EDITABLE.includes(message.type),
    react: shared && can(permissions, P.ADD_REACTIONS),
    startThread:
      shared &&
      written &&
      !message.thread &&
      [TYPES.TEXT, TYPES.NEWS].includes(channel.type) &&
      can(permissions, P.CREATE_PUBLIC_THREADS),
    openThread: Boolean(message.thread),
    pin:
      shared &&
      written &&
      (!inGuild || can(permissions, P.PIN_MESSAGES) || can(permissions, P.MANAGE_MESSAGES)),
    remove: shared && (own || (inGuild && can(permissions, P.MANAGE_MESSAGES))),
    apps: shared && written && can(permissions, P.USE_COMMANDS),
  };
}

/** What the viewer may do with a thread, by name. */
export function threadRights(thread, viewerId) {
  if (!thread || !isThread(thread)) return {};
  const { archived, locked } = thread.thread_metadata;
  const manages = can(thread.permissions, P.MANAGE_THREADS);
  const own = thread.owner_id === viewerId && !locked;
  return {
    join: !thread.joined && !archived,
    leave: Boolean(thread.joined) && !archived,
    rename: !archived && (manages || own),
    archive: !archived && (manages || own),
    unarchive: archived && (manages || (!locked && can(thread.permissions, P.SEND_MESSAGES))),
    lock: manages && !locked,
    unlock: manages && locked,
    remove: manages,
  };
}

/** Whether a thread without a message can be started in a channel: {public, private}. */
export function startRights(channel) {
  const text = channel?.type === TYPES.TEXT;
  return {
    public: (text || channel?.type === TYPES.NEWS) && can(channel.permissions, P.CREATE_PUBLIC_THREADS),
    private: text && can(channel.permissions, P.CREATE_PRIVATE_THREADS),
  };
}
