// Channels: their kinds, who may do what in them, and the order they are listed in. No DOM in here.

export const TYPES = {
  TEXT: 0,
  DM: 1,
  VOICE: 2,
  CATEGORY: 4,
  NEWS: 5,
  NEWS_THREAD: 10,
  THREAD: 11,
  PRIVATE_THREAD: 12,
  FORUM: 15,
};
export const VIEW_CHANNEL = 1n << 10n;
export const SEND_MESSAGES = 1n << 11n;
const THREADS = [TYPES.NEWS_THREAD, TYPES.THREAD, TYPES.PRIVATE_THREAD];
const ICON_NAMES = {
  [TYPES.DM]: "at",
  [TYPES.VOICE]: "voice",
  [TYPES.NEWS]: "news",
  [TYPES.FORUM]: "forum",
  [TYPES.NEWS_THREAD]: "thread",
  [TYPES.THREAD]: "thread",
  [TYPES.PRIVATE_THREAD]: "lock",
};

/** Orders snowflakes: ids are strings of digits without leading zeros. */
export function compareIds(a, b) {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

export function isThread(channel) {
  return THREADS.includes(channel.type);
}

/** Whether messages can be read and written in it, as opposed to forums, categories and voice. */
function isRoom(channel) {
  return ![TYPES.CATEGORY, TYPES.FORUM, TYPES.VOICE].includes(channel.type);
}

/** A bit of a permission number in text, such as can(channel.permissions, 1n << 11n). */
export function can(permissions, bit) {
  return (BigInt(permissions ?? 0) & bit) !== 0n;
}

/** Whether everyone is kept out of a channel: it bears a lock. */
export function isLocked(channel, guild) {
  if (channel.type === TYPES.PRIVATE_THREAD) return true;
  const rule = (channel.permission_overwrites ?? []).find((item) => item.id === guild?.id);
  return rule !== undefined && can(rule.deny, VIEW_CHANNEL);
}

export function iconOf(channel) {
  return ICON_NAMES[channel.type] ?? "hash";
}

/** What a channel is in words, for those who don't see its icon. */
export function kindOf(channel) {
  const names = {
    [TYPES.DM]: "direct message",
    [TYPES.VOICE]: "voice channel",
    [TYPES.NEWS]: "news channel",
    [TYPES.FORUM]: "forum",
  };
  if (isThread(channel)) return channel.type === TYPES.PRIVATE_THREAD ? "private thread" : "thread";
  return names[channel.type] ?? "channel";
}

/** The last thing that happened in a thread or channel, as an id. */
export function activity(channel) {
  return channel.last_message_id ?? channel.id;
}

function byPosition(a, b) {
  return a.position - b.position || compareIds(a.id, b.id);
}

function lastActiveFirst(a, b) {
  return compareIds(activity(b), activity(a));
}

/** The open threads listed under a channel: of a forum only those the viewer is in. */
export function listedThreads(guild, channel) {
  return guild.channels
    .filter((item) => isThread(item) && item.parent_id === channel.id && !item.thread_metadata.archived)
    .filter((item) => channel.type !== TYPES.FORUM || item.joined)
    .sort(lastActiveFirst);
}

/** Returns [{category, channels: [{channel, threads}]}] in the order they are shown; the first category may be null. */
export function channelTree(guild) {
  const plain = guild.channels
    .filter((item) => item.type !== TYPES.CATEGORY && !isThread(item))
    .sort(byPosition);
  const categories = guild.channels.filter((item) => item.type === TYPES.CATEGORY).sort(byPosition);
  const known = new Set(categories.map((item) => item.id));
  const groups = [null, ...categories].map((category) => ({
    category,
    channels: plain
      .filter((item) => (known.has(item.parent_id) ? item.parent_id : null) === (category?.id ?? null))
      .map((channel) => ({ channel, threads: listedThreads(guild, channel) })),
  }));
  return groups.filter(({ category, channels }) => category || channels.length);
}

/** Every channel that can be opened, in the order of the list: channels, each followed by its threads. */
export function openable(guild) {
  const rows = channelTree(guild).flatMap(({ channels }) => channels);
  return rows.flatMap(({ channel, threads }) => (channel.type === TYPES.VOICE ? [] : [channel, ...threads]));
}

/** The channel a server opens with: its first one to read. */
export function firstChannel(guild) {
  const all = openable(guild);
  return all.find(isRoom) ?? all[0] ?? null;
}
