// What stands within a line of Discord's markdown: code, links, mentions (atoms) and marks around text (spans).
// Each reader returns {node, end} for what starts at a position, or null.
import { isWebAddress } from "./links.js";

const SHRUG = "¯\\_(ツ)_/¯";
const CODE_BLOCK_HEAD = /([a-zA-Z0-9_+\-.#]+)[^\S\n]*\n/y;
const ADDRESS = /https?:\/\/[^\s<]+[^<.,:;"')\]\s]/y;
const CLOSED_ADDRESS = /<(https?:\/\/[^\s<>]+)>/y;
const HAS_ADDRESS = /https?:\/\//;
const TARGET_END = /(?:\s+(?:"[^"\n]*"|'[^'\n]*'))?\s*\)/y;
const EVERYONE = /@(everyone|here)/y;
const MAX_TARGET = 2_000;
const WORD = /\w/;

const SPANS = { "**": "bold", __: "underline", "~~": "strike", "||": "spoiler" };
const ANGLED = [
  [/<@!?(\d{1,20})>/y, (found) => ({ type: "user", id: found[1] })],
  [/<@&(\d{1,20})>/y, (found) => ({ type: "role", id: found[1] })],
  [/<#(\d{1,20})>/y, (found) => ({ type: "channel", id: found[1] })],
  [
    /<(a?):(\w{1,32}):(\d{1,20})>/y,
    (found) => ({ type: "emoji", id: found[3], name: found[2], animated: found[1] === "a" }),
  ],
  [/<t:(-?\d{1,13})(?::([tTdDfFsSR]))?>/y, (found) => timestamp(Number(found[1]), found[2] ?? "f")],
  [
    /<\/([-_'\p{L}\p{N}]{1,32}(?: [-_'\p{L}\p{N}]{1,32}){0,2}):(\d{1,20})>/uy,
    (found) => ({ type: "command", name: found[1], id: found[2] }),
  ],
  [
    /<id:(customize|browse|guide|home|linked-roles)(?::\d{1,20})?>/y,
    (found) => ({ type: "navigation", name: found[1] }),
  ],
];

function isSpace(character) {
  return character !== undefined && /\s/.test(character);
}

/** Reads what holds no other nodes: code, a link, a mention, an emoji, a time. */
export function readAtom(text, at, context, memo) {
  switch (text[at]) {
    case "`":
      return readCodeBlock(text, at, context) ?? readCode(text, at, memo);
    case "¯":
      return text.startsWith(SHRUG, at)
        ? { node: { type: "text", text: SHRUG }, end: at + SHRUG.length }
        : null;
    case "[":
      return context.inLink ? null : readMaskedLink(text, at, memo);
    case "<":
      return readAngled(text, at, context);
    case "@":
      return context.inLink ? null : readEveryone(text, at);
    case "h":
      return context.inLink ? null : readAddress(text, at);
    default:
      return null;
  }
}

function match(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function timestamp(seconds, style) {
  return Number.isNaN(new Date(seconds * 1000).getTime()) ? null : { type: "time", seconds, style };
}

function readAngled(text, at, context) {
  const linked = context.inLink ? null : match(CLOSED_ADDRESS, text, at);
  if (linked && isWebAddress(linked[1]))
    return link(linked[1], [{ type: "text", text: linked[1] }], at + linked[0].length);
  for (const [pattern, node] of ANGLED) {
    const found = match(pattern, text, at);
    const made = found && node(found);
    if (made) return { node: made, end: at + found[0].length };
  }
  return null;
}

function readEveryone(text, at) {
  const found = match(EVERYONE, text, at);
  return found && { node: { type: "everyone", text: found[0] }, end: at + found[0].length };
}

function readAddress(text, at) {
  if (at > 0 && WORD.test(text[at - 1])) return null;
  const found = match(ADDRESS, text, at);
  if (!found || !isWebAddress(found[0])) return null;
  const address = withBalancedEnd(found[0], text[at + found[0].length]);
  return link(address, [{ type: "text", text: address }], at + address.length);
}

/** Keeps the bracket that ends an address such as /wiki/Set_(mathematics). */
function withBalancedEnd(address, next) {
  const opened = address.split("(").length - address.split(")").length;
  return next === ")" && opened > 0 ? `${address})` : address;
}

function link(href, children, end) {
  return { node: { type: "link", href, children }, end };
}

function readMaskedLink(text, at, memo) {
  memo.brackets ??= bracketPairs(text);
  const close = memo.brackets.get(at);
  if (close === undefined || text[close + 1] !== "(" || close === at + 1) return null;
  const label = text.slice(at + 1, close);
  const target = readTarget(text, close + 2);
  if (!target || !label.trim() || HAS_ADDRESS.test(label) || !isWebAddress(target.href)) return null;
  return link(target.href, memo.inner(label, { inLink: true, lineStart: false }), target.end);
}

/** Where each [ is closed: found once for a text, in one go. */
function bracketPairs(text) {
  const pairs = new Map();
  const open = [];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "[") open.push(at);
    else if (text[at] === "]" && open.length) pairs.set(open.pop(), at);
  }
  return pairs;
}

function readTarget(text, start) {
  let at = start;
  while (isSpace(text[at])) at += 1;
  const angled = text[at] === "<";
  const from = angled ? at + 1 : at;
  let depth = 0;
  for (at = from; at < text.length && at - from < MAX_TARGET && text[at] > " "; at += 1) {
    if (angled ? text[at] === ">" : text[at] === ")" && depth === 0) break;
    depth += text[at] === "(" ? 1 : text[at] === ")" ? -1 : 0;
  }
  const end = match(TARGET_END, text, angled ? at + 1 : at);
  if (!end || (angled && text[at] !== ">")) return null;
  return { href: text.slice(from, at).replace(/\\([^0-9A-Za-z\s])/g, "$1"), end: TARGET_END.lastIndex };
}

function readCodeBlock(text, at, context) {
  if (context.inLink || !text.startsWith("```", at)) return null;
  const close = text.indexOf("```", at + 4);
  if (close < 0 || !text.slice(at + 3, close).trim()) return null;
  const head = match(CODE_BLOCK_HEAD, text, at + 3);
  const named =
    head && text.slice(CODE_BLOCK_HEAD.lastIndex, close).trim() !== "" && CODE_BLOCK_HEAD.lastIndex <= close;
  const from = named ? CODE_BLOCK_HEAD.lastIndex : at + 3;
  const code = text.slice(from, close).replace(/^\n+|\n+$/g, "");
  const end = close + 3 + (text[close + 3] === "\n" ? 1 : 0);
  return {
    node: { type: "codeblock", language: named ? head[1] : "", text: code },
    end,
    block: end > close + 3,
  };
}

function readCode(text, at, memo) {
  memo.ticks ??= tickPairs(text);
  const pair = memo.ticks.get(at);
  if (!pair) return null;
  const inner = text.slice(at + pair.length, pair.close);
  const padded = /^ *`|` *$/.test(inner) ? inner.replace(/^ (?= *`)|(?<=` *) $/g, "") : inner;
  return { node: { type: "code", text: padded }, end: pair.close + pair.length };
}

/** For each run of backticks, where the next run of the same length starts. */
function tickPairs(text) {
  const pairs = new Map();
  const latest = new Map();
  for (const { 0: run, index } of text.matchAll(/`+/g)) {
    const opener = latest.get(run.length);
    if (opener !== undefined) pairs.set(opener, { close: index, length: run.length });
    latest.set(run.length, index);
  }
  return pairs;
}

/** Reads marks around text. Of italic and a doubled mark the longer wins, italic when both are as long. */
export function readSpan(text, at, context, memo) {
  const mark = text[at];
  if (!mark || !"*_~|".includes(mark)) return null;
  const single = mark === "*" ? starEnd(text, at) : mark === "_" ? underscoreEnd(text, at) : -1;
  const double = text[at + 1] === mark ? doubleEnd(text, at, mark + mark) : -1;
  if (single < 0 && double < 0) return null;
  const changes = { lineStart: context.lineStart };
  if (double < 0 || single + 1 >= double + 2) {
    return {
      node: { type: "italic", children: memo.inner(text.slice(at + 1, single), changes) },
      end: single + 1,
    };
  }
  const children = memo.inner(text.slice(at + 2, double), changes);
  return { node: { type: SPANS[mark + mark], children }, end: double + 2 };
}

function isEscaped(text, at) {
  let slashes = 0;
  while (text[at - 1 - slashes] === "\\") slashes += 1;
  return slashes % 2 === 1;
}

function doubleEnd(text, at, pair) {
  for (let end = text.indexOf(pair, at + 3); end >= 0; end = text.indexOf(pair, end + 1)) {
    const last = text[end + 2] !== pair[0] || pair === "||";
    if (last && !isEscaped(text, end)) return end;
  }
  return -1;
}

/** The star that ends italics: a lone one, with no space before it. */
function starEnd(text, at) {
  if (at + 1 >= text.length || isSpace(text[at + 1])) return -1;
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === "\\") end += 1;
    else if (text[end] === "*" && text[end + 1] === "*") end += 1;
    else if (text[end] === "*") return end > at + 1 && !isSpace(text[end - 1]) ? end : -1;
  }
  return -1;
}

/** The underscore that ends italics: a lone one, with no word right after it. */
function underscoreEnd(text, at) {
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === "\\") end += 1;
    else if (text[end] === "_" && text[end + 1] === "_") end += 1;
    else if (text[end] === "_") return end > at + 1 && !WORD.test(text[end + 1] ?? " ") ? end : -1;
  }
  return -1;
}
