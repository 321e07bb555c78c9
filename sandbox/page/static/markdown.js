// Discord's markdown as a tree, without a DOM. Total work is bounded: every level of nesting reads its text
// once, and levels beyond MAX_DEPTH stay text.
import { readAtom, readSpan } from "./markdown-inline.js";

const MAX_DEPTH = 24;
const MAX_LIST_LEVEL = 11;
const PLAIN = /[^\\*_~|`<[@h\n¯]+/y;
const QUOTE_REST = / *>>> ([^]*)/y;
const QUOTE_LINES = / *> [^\n]*(?:\n *> [^\n]*)*\n?/y;
const HEADING = / *(#{1,3}) +(?!#)(\S[^\n]*)\n?/y;
const SUBTEXT = /-# +(?!-#)(\S[^\n]*)\n?/y;
const ITEM = /( *)(?:[-*]|(\d{1,9})\.) +(\S[^\n]*)(?:\n|$)/y;
const ITEM_MORE = / {2,}(\S[^\n]*)(?:\n|$)/y;
const ONLY_EMOJI = /^(?:\p{RGI_Emoji}|\s)*$/v;
const EMOJI = /\p{RGI_Emoji}/gv;
const MAX_JUMBO = 30;

/** Every type a node of the tree can have. */
export const NODE_TYPES = new Set([
  "text",
  "bold",
  "italic",
  "underline",
  "strike",
  "spoiler",
  "code",
  "codeblock",
  "quote",
  "heading",
  "subtext",
  "list",
  "item",
  "link",
  "user",
  "role",
  "channel",
  "everyone",
  "command",
  "emoji",
  "time",
  "navigation",
]);

/** Returns the nodes of a message's text: {type, ...}, those that hold others with `children`. */
export function parse(source) {
  return parseText(String(source ?? ""), { depth: 0, quoted: false, inLink: false, lineStart: true });
}

/** The words of a tree, without its marks; `nameOf(node)` gives those of a mention. */
export function textOf(nodes, nameOf = () => "") {
  return nodes
    .map((node) => node.text ?? (node.children ? textOf(node.children, nameOf) : nameOf(node)))
    .join("");
}

/** Whether a tree is nothing but a few emoji, which are shown large. */
export function isJumbo(nodes) {
  let count = 0;
  for (const node of nodes) {
    if (node.type === "emoji") count += 1;
    else if (node.type === "text" && ONLY_EMOJI.test(node.text)) count += node.text.match(EMOJI)?.length ?? 0;
    else return false;
  }
  return count > 0 && count <= MAX_JUMBO;
}

function parseText(text, context) {
  if (context.depth > MAX_DEPTH) return text ? [{ type: "text", text }] : [];
  const nodes = [];
  const memo = {
    inner: (inner, changes) => parseText(inner, { ...context, depth: context.depth + 1, ...changes }),
  };
  let at = 0;
  let lineStart = context.lineStart;
  while (at < text.length) {
    const found = read(text, at, { ...context, lineStart }, memo);
    if (found) {
      nodes.push(found.node);
      lineStart = found.block ?? false;
      at = found.end;
      continue;
    }
    const end = plainEnd(text, at);
    addText(nodes, text[at] === "\\" && escapes(text, at) ? text[at + 1] : text.slice(at, end));
    lineStart = text[end - 1] === "\n";
    at = end;
  }
  return joined(nodes);
}

function read(text, at, context, memo) {
  if (context.lineStart && !context.inLink) {
    const block = readBlock(text, at, context, memo);
    if (block) return { ...block, block: true };
  }
  return readAtom(text, at, context, memo) ?? readSpan(text, at, context, memo);
}

function escapes(text, at) {
  return at + 1 < text.length && /[^0-9A-Za-z\s]/.test(text[at + 1]);
}

function plainEnd(text, at) {
  if (text[at] === "\\") return escapes(text, at) ? at + 2 : at + 1;
  if (text[at] === "`") {
    let end = at;
    while (text[end] === "`") end += 1;
    return end;
  }
  PLAIN.lastIndex = at;
  return PLAIN.test(text) ? PLAIN.lastIndex : at + 1;
}

function addText(nodes, text) {
  nodes.push({ type: "text", text });
}

function joined(nodes) {
  const result = [];
  for (const node of nodes) {
    const last = result.at(-1);
    if (node.type === "text" && last?.type === "text") last.text += node.text;
    else result.push(node);
  }
  return result;
}

function match(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function readBlock(text, at, context, memo) {
  return (
    readQuote(text, at, context, memo) ??
    readLine(HEADING, text, at, memo) ??
    readLine(SUBTEXT, text, at, memo) ??
    readList(text, at, memo)
  );
}

function readQuote(text, at, context, memo) {
  if (context.quoted) return null;
  const rest = match(QUOTE_REST, text, at);
  if (rest) return quote(rest[1], text.length, memo);
  const lines = match(QUOTE_LINES, text, at);
  return lines && quote(lines[0].replace(/^ *> /gm, "").replace(/\n$/, ""), at + lines[0].length, memo);
}

function quote(inner, end, memo) {
  return { node: { type: "quote", children: memo.inner(inner, { quoted: true, lineStart: true }) }, end };
}

/** A heading or a line of small text. */
function readLine(pattern, text, at, memo) {
  const found = match(pattern, text, at);
  if (!found) return null;
  const children = memo.inner(found.at(-1).trimEnd(), { lineStart: true });
  const node =
    pattern === HEADING
      ? { type: "heading", level: found[1].length, children }
      : { type: "subtext", children };
  return { node, end: at + found[0].length };
}

function readList(text, at, memo) {
  const lines = [];
  let end = at;
  for (;;) {
    const item = match(ITEM, text, end);
    if (
      item &&
      lines.length &&
      item[1].length <= lines[0].indent &&
      (item[2] === undefined) !== (lines[0].number === null)
    )
      break;
    const more = item || !lines.length ? null : match(ITEM_MORE, text, end);
    if (item)
      lines.push({
        indent: item[1].length,
        number: item[2] === undefined ? null : Number(item[2]),
        text: item[3],
      });
    else if (more) lines.at(-1).text += `\n${more[1]}`;
    else break;
    end += (item ?? more)[0].length;
  }
  return lines.length ? { node: nested(lines, memo), end } : null;
}

/** Lists in lists, by how far their lines are indented. */
function nested(lines, memo) {
  const root = { indent: -1, items: [] };
  const open = [root];
  for (const line of lines) {
    while (open.length > 2 && line.indent < open.at(-1).indent) open.pop();
    const deeper = open.length === 1 || line.indent > open.at(-1).indent + 1;
    if (deeper && open.length <= MAX_LIST_LEVEL) {
      const level = { indent: line.indent, items: [] };
      const parent = open.at(-1).items.at(-1);
      if (parent) parent.below = level.items;
      else root.items = level.items;
      open.push(level);
    }
    open.at(-1).items.push(line);
  }
  return listNode(root.items, memo);
}

function listNode(items, memo) {
  return {
    type: "list",
    start: items[0].number,
    children: items.map((line) => {
      const children = memo.inner(line.text, { lineStart: true });
      if (line.below) children.push(listNode(line.below, memo));
      return { type: "item", children };
    }),
  };
}
