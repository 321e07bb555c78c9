// Names while writing, ids when sent: @Alice <-> <@1>. No DOM in here.
import { displayName } from "../names.js";
import { isThread, TYPES } from "../store.js";
import { ranked } from "./fuzzy.js";

const PATTERNS = [
  { kind: "@", pattern: /(?:^|[\s(,;"'*_~>[])@([^\s@]{0,32})$/u },
  { kind: "#", pattern: /(?:^|[\s(,;"'*_~>[])#([^\s#]{0,100})$/u },
  { kind: ":", pattern: /(?:^|\s|\p{Extended_Pictographic}):([\w+-]{2,32})$/u },
];
const TOKEN = /<(@!?|@&|#)(\d{1,20})>/g;
const CODE = /```[\s\S]*?(?:```|$)|`[^`\n]*`/g;
const WRITABLE = [TYPES.TEXT, TYPES.NEWS, TYPES.FORUM, TYPES.VOICE];

/** What is being typed at the caret: {kind: "@" | "#" | ":", query, start, end}, or null. */
export function triggerAt(text, caret) {
  const before = text.slice(0, caret);
  if (inCode(before)) return null;
  for (const { kind, pattern } of PATTERNS) {
    const found = pattern.exec(before);
    if (found) return { kind, query: found[1], start: caret - found[1].length - 1, end: caret };
  }
  return null;
}

function inCode(before) {
  const fences = before.split("```").length - 1;
  if (fences % 2) return true;
  const line = before.slice(before.lastIndexOf("\n") + 1);
  return line.replaceAll("```", "").split("`").length % 2 === 0;
}

/** What can stand for a trigger: [{kind, shown, token, label, detail, user?, role?, channel?}], best first. */
export function suggestions({ kind, query }, world, limit = 10) {
  if (kind === "@")
    return ranked(
      query,
      [...people(world), ...roles(world).filter(({ role }) => !role.managed), ...everyone(world)],
      (item) => [item.label, item.alias],
      limit,
    );
  if (kind === "#") return ranked(query, channels(world), (item) => item.label, limit);
  return [];
}

/** Puts the chosen name where the trigger was. */
export function insert(text, trigger, shown) {
  const rest = text.slice(trigger.end);
  const gap = rest.startsWith(" ") ? "" : " ";
  const head = text.slice(0, trigger.start) + shown + gap;
  return { text: head + rest, caret: head.length + (gap ? 0 : 1) };
}

/** The text as it is sent. `picks` are [{shown, token}] that were chosen; other names count when they are clear. */
export function encode(text, picks, world) {
  const tokens = new Map();
  for (const item of [...people(world), ...roles(world), ...channels(world)]) {
    for (const shown of [item.shown, item.user && `@${item.user.username}`])
      if (shown && !tokens.has(shown)) tokens.set(shown, item.token);
  }
  for (const { shown, token } of picks) tokens.set(shown, token);
  const names = [...tokens.keys()].sort((a, b) => b.length - a.length);
  return outsideCode(text, (part, before) => replaceNames(part, before, names, tokens));
}

function outsideCode(text, change) {
  let done = "";
  let from = 0;
  for (const code of text.matchAll(CODE)) {
    done += change(text.slice(from, code.index), text.slice(0, from)) + code[0];
    from = code.index + code[0].length;
  }
  return done + change(text.slice(from), text.slice(0, from));
}

function replaceNames(part, before, names, tokens) {
  let done = "";
  for (let at = 0; at < part.length;) {
    const previous = at ? part[at - 1] : before.at(-1);
    const starts = (part[at] === "@" || part[at] === "#") && !/[\p{L}\p{N}_<&]/u.test(previous ?? " ");
    const name =
      starts &&
      names.find(
        (item) => part.startsWith(item, at) && !/^[\p{L}\p{N}_]/u.test(part.slice(at + item.length)),
      );
    done += name ? tokens.get(name) : part[at];
    at += name ? name.length : 1;
  }
  return done;
}

/** A sent text as it is edited: {text, picks}. What nobody knows stays as it is. */
export function decode(content, world) {
  const byToken = new Map(
    [...people(world), ...roles(world), ...channels(world)].map((item) => [item.token, item.shown]),
  );
  const picks = [];
  const text = outsideCode(content, (part) =>
    part.replace(TOKEN, (whole, sign, id) => {
      const token = `<${sign.replace("!", "")}${id}>`;
      const shown = byToken.get(token);
      if (!shown) return whole;
      if (!picks.some((pick) => pick.shown === shown)) picks.push({ shown, token });
      return shown;
    }),
  );
  return { text, picks };
}

function people({ guild, channel, viewer }) {
  const members = guild
    ? guild.members
    : [...(channel?.recipients ?? []), viewer].filter(Boolean).map((user) => ({ user }));
  const count = new Map();
  for (const member of members) count.set(displayName(member), (count.get(displayName(member)) ?? 0) + 1);
  return members.map((member) => {
    const { user } = member;
    const label = displayName(member);
    const shown = count.get(label) > 1 || /[`@#:\n]/.test(label) ? user.username : label;
    return {
      kind: "@",
      shown: `@${shown}`,
      token: `<@${user.id}>`,
      label,
      alias: user.username,
      detail: user.username,
      user,
    };
  });
}

function roles({ guild }) {
  const named = (guild?.roles ?? []).filter((role) => role.id !== guild.id);
  return named.map((role) => ({
    kind: "@",
    shown: `@${role.name}`,
    token: `<@&${role.id}>`,
    label: `@${role.name}`,
    alias: role.name,
    detail: "role",
    role,
  }));
}

function everyone({ guild, mayPingAll }) {
  if (!guild || !mayPingAll) return [];
  return [
    {
      kind: "@",
      shown: "@everyone",
      token: "@everyone",
      label: "@everyone",
      alias: "everyone",
      detail: "everybody in this channel",
    },
    { kind: "@", shown: "@here", token: "@here", label: "@here", alias: "here", detail: "everybody online" },
  ];
}

function channels({ guild }) {
  const found = (guild?.channels ?? []).filter(
    (channel) => WRITABLE.includes(channel.type) || isThread(channel),
  );
  return found.map((channel) => ({
    kind: "#",
    shown: `#${channel.name}`,
    token: `<#${channel.id}>`,
    label: channel.name,
    detail: guild.channels.find((item) => item.id === channel.parent_id)?.name,
    channel,
  }));
}
