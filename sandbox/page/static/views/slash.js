// From a slash in the box to a command's form.
import { completed, findEntries, parseCommand } from "../writing/commands.js";
import { hint } from "../writing/options.js";

const SHOWN = 30;

/** The list of commands for a text that begins with a slash, null for other texts. */
export function slashList(text, entries, loaded, onPick) {
  if (!text.startsWith("/") || text.includes("\n")) return null;
  const written = parseCommand(text, entries);
  if (written && text.length > written.entry.name.length + 1)
    return { label: usage(written.entry), items: [], status: written.entry.description, onPick };
  const found = findEntries(entries, text.slice(1)).slice(0, SHOWN);
  if (!found.length && text.includes(" ")) return null;
  return {
    label: "Commands",
    items: found.map(item),
    onPick: ({ entry }) => onPick(entry),
    status: found.length ? null : nothing(loaded, entries),
  };
}

function item(entry) {
  return { key: entry.key, label: `/${entry.name}`, detail: entry.description, app: entry.app, entry };
}

function nothing(loaded, entries) {
  if (!loaded) return "Looking for commands…";
  return entries.length ? "No command is called that." : "There are no commands you can use here.";
}

function usage(entry) {
  const parts = entry.options.map((option) =>
    option.required ? `${option.name}: ${hint(option)}` : `[${option.name}: ${hint(option)}]`,
  );
  return [`/${entry.name}`, ...parts].join("  ");
}

/** The entry whose name was just finished by typing a space. */
export function asCommand(before, text, entries) {
  return text === `${before} ` ? completed(text, entries) : null;
}

/** Turns the box into a command's form. */
export function startCommand(change, entry) {
  const first = entry.options.find((option) => option.required) ?? null;
  change({
    text: "",
    picks: [],
    error: null,
    command: { entry, fields: {}, active: first?.name ?? null, tried: false },
  });
}
