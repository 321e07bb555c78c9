// Slash commands: what the picker lists, and a whole command typed as text. No DOM in here.
import { ranked, score } from "./fuzzy.js";

const CHAT_INPUT = 1;
const SUBCOMMANDS = [1, 2];
export const USER_MENU = 2;
export const MESSAGE_MENU = 3;

/** One entry for everything that can be run: of a command with subcommands each of those ("config staff"). */
export function flatten(commands) {
  return commands
    .filter((command) => command.type === CHAT_INPUT)
    .flatMap((command) => leaves(command, command, command.name));
}

function leaves(command, node, name) {
  const options = node.options ?? [];
  const inner = options.filter((option) => SUBCOMMANDS.includes(option.type));
  if (inner.length) return inner.flatMap((option) => leaves(command, option, `${name} ${option.name}`));
  const sorted = [...options].sort((a, b) => Number(Boolean(b.required)) - Number(Boolean(a.required)));
  return [
    {
      key: `${command.id} ${name}`,
      name,
      description: node.description,
      options: sorted,
      app: command.application,
    },
  ];
}

/** The context menu commands of a kind (USER_MENU, MESSAGE_MENU). */
export function menus(commands, kind) {
  return commands.filter((command) => command.type === kind);
}

/** The entries that fit what stands after the slash, best first; names count before descriptions. */
export function findEntries(entries, query) {
  const wanted = query.trim().replace(/\s+/g, " ");
  const byName = ranked(wanted, entries, (entry) => entry.name, entries.length);
  const rest = entries.filter((entry) => !byName.includes(entry) && score(wanted, entry.description) >= 500);
  return [...byName, ...rest];
}

/**
 * Reads a command written as text: "/config staff role:@mods note:so it is".
 * Returns {entry, texts} with each option's text by name, or null when no command is called that.
 */
export function parseCommand(text, entries) {
  if (!text.startsWith("/")) return null;
  const body = text.slice(1);
  const named = entries.filter(
    (entry) =>
      body === entry.name || (/^\s/.test(body.slice(entry.name.length)) && body.startsWith(entry.name)),
  );
  if (!named.length) return null;
  const entry = named.reduce((best, next) => (next.name.length > best.name.length ? next : best));
  const { lead, texts } = splitOptions(body.slice(entry.name.length), entry.options);
  if (!lead) return { entry, texts };
  const free = entry.options.find((option) => !(option.name in texts));
  return free ? { entry, texts: { ...texts, [free.name]: lead } } : { entry, texts, surplus: lead };
}

/** Takes "name:value name:value" apart; `lead` is what stands before the first name. */
export function splitOptions(text, options) {
  const marks = [];
  for (const { name } of options) {
    const pattern = new RegExp(`(?<=^|\\s)${name}:`, "gu");
    for (const found of text.matchAll(pattern))
      marks.push({ name, from: found.index, to: found.index + found[0].length });
  }
  marks.sort((a, b) => a.from - b.from);
  const texts = {};
  marks.forEach((mark, index) => {
    texts[mark.name] = text.slice(mark.to, marks[index + 1]?.from ?? text.length).trim();
  });
  return {
    lead: text.slice(0, marks[0]?.from ?? text.length).trim(),
    texts,
    last: marks.at(-1)?.name ?? null,
  };
}

/** The name of the entry that was typed out in full with a space behind it, ready for its options. */
export function completed(text, entries) {
  if (!text.startsWith("/") || !text.endsWith(" ")) return null;
  const name = text.slice(1).trimEnd();
  const longer = entries.some((entry) => entry.name.startsWith(`${name} `));
  return longer ? null : (entries.find((entry) => entry.name === name) ?? null);
}
