// How a room's messages are laid out: days, the line above what is new, and who continues speaking. No DOM in here.
import { compareIds } from "./store.js";

const CONTINUES_MS = 7 * 60_000;
const SPOKEN = new Set([0, 19, 20, 23]);

/** Whether a message is something somebody said, not an event such as "joined". */
export function isSpoken(message) {
  return SPOKEN.has(message.type);
}

function dayOf(message) {
  const date = new Date(message.timestamp);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** Whether a message stands under the one before it without its author being named again. */
export function continues(message, before) {
  return (
    Boolean(before) &&
    message.type === 0 &&
    isSpoken(before) &&
    !message.interaction_metadata &&
    message.author.id === before.author.id &&
    message.author.username === before.author.username &&
    Boolean(message.ephemeral) === Boolean(before.ephemeral) &&
    dayOf(message) === dayOf(before) &&
    new Date(message.timestamp) - new Date(before.timestamp) < CONTINUES_MS
  );
}

/**
 * Returns rows {kind: "day" | "new" | "message", key, ...} in order. `before` is the message above the first
 * one, if any; `readId` the newest message that had been read when the room was opened.
 */
export function timeline(messages, { before = null, readId = null, viewerId = null } = {}) {
  const rows = [];
  let last = before;
  let marked = readId === null || (before !== null && compareIds(before.id, readId) > 0);
  for (const message of messages) {
    if (!last || dayOf(last) !== dayOf(message))
      rows.push({ kind: "day", key: `day-${message.id}`, iso: message.timestamp });
    const isNew = !marked && compareIds(message.id, readId) > 0;
    if (isNew) {
      marked = true;
      if (message.author.id !== viewerId) rows.push({ kind: "new", key: "new" });
    }
    const compact =
      rows.at(-1)?.kind === "day" || rows.at(-1)?.kind === "new" ? false : continues(message, last);
    rows.push({ kind: "message", key: message.id, message, compact });
    last = message;
  }
  return rows;
}

/**
 * Which of a room's messages are in the page. A window has `first` and `last`, ids of messages; null stands for
 * the newest there are. Returns the indexes [from, to) it covers.
 */
export function windowOf(messages, { first, last }, size) {
  const to = last === null ? messages.length : upTo(messages, last);
  const from = first === null ? Math.max(0, to - size) : Math.min(to, startingAt(messages, first));
  return [from, to];
}

function startingAt(messages, id) {
  let [low, high] = [0, messages.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareIds(messages[middle].id, id) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function upTo(messages, id) {
  const at = startingAt(messages, id);
  return messages[at]?.id === id ? at + 1 : at;
}

/** The window moved by `step` messages up (negative) or down, with at most `limit` messages in it. */
export function moved(messages, [from, to], step, limit) {
  const start =
    step < 0 ? Math.max(0, from + step) : Math.max(from, Math.min(messages.length, to + step) - limit);
  const end = step < 0 ? Math.min(to, start + limit) : Math.min(messages.length, to + step);
  return { first: messages[start]?.id ?? null, last: end >= messages.length ? null : messages[end - 1].id };
}

/** The window around a message. */
export function around(messages, id, limit) {
  const at = startingAt(messages, id);
  const start = Math.max(0, at - Math.floor(limit / 2));
  const end = Math.min(messages.length, start + limit);
  return { first: messages[start]?.id ?? null, last: end >= messages.length ? null : messages[end - 1].id };
}
