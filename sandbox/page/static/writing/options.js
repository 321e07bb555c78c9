// The options of a command: what they can be given, and whether what was given will do. No DOM in here.
import { displayName } from "../names.js";
import { TYPES } from "../store.js";
import { ranked } from "./fuzzy.js";

export const STRING = 3;
export const INTEGER = 4;
const BOOLEAN = 5;
export const USER = 6;
export const CHANNEL = 7;
export const ROLE = 8;
export const MENTIONABLE = 9;
export const NUMBER = 10;
export const ATTACHMENT = 11;
const MAX_TEXT = 6000;
const MAX_ITEMS = 25;
const HINTS = {
  [STRING]: "text",
  [INTEGER]: "a whole number",
  [BOOLEAN]: "true or false",
  [USER]: "a member",
  [CHANNEL]: "a channel",
  [ROLE]: "a role",
  [MENTIONABLE]: "a member or role",
  [NUMBER]: "a number",
  [ATTACHMENT]: "a file",
};

/** What an option takes, in a few words: "a whole number, 1 to 10". */
export function hint(option) {
  const low = option.min_value ?? option.min_length;
  const high = option.max_value ?? option.max_length;
  const unit = option.type === STRING ? " characters" : "";
  const base = option.choices ? "one of the list" : HINTS[option.type];
  if (low !== undefined && high !== undefined) return `${base}, ${low} to ${high}${unit}`;
  if (low !== undefined) return `${base}, at least ${low}${unit}`;
  if (high !== undefined) return `${base}, at most ${high}${unit}`;
  return base;
}

/** What can be chosen for an option, best fit first: [{value, label, detail, user?, role?, channel?}]. */
export function choicesFor(option, text, world) {
  const query = text.replace(/^[@#]/, "");
  const pool = pools(option, world);
  return ranked(query, pool, (item) => [item.label, item.alias], MAX_ITEMS);
}

function pools(option, world) {
  if (option.choices) return option.choices.map(({ name, value }) => ({ value, label: name }));
  if (option.type === BOOLEAN)
    return [
      { value: true, label: "True", alias: "yes" },
      { value: false, label: "False", alias: "no" },
    ];
  if (option.type === USER) return people(world);
  if (option.type === ROLE) return roles(world);
  if (option.type === MENTIONABLE) return [...people(world), ...roles(world)];
  if (option.type === CHANNEL) return channels(world, option.channel_types);
  return [];
}

function people({ guild, channel, viewer }) {
  const members = guild ? guild.members : [...(channel?.recipients ?? []), viewer].map((user) => ({ user }));
  return members.map((member) => ({
    value: member.user.id,
    label: displayName(member),
    alias: member.user.username,
    detail: member.user.username,
    user: member.user,
  }));
}

function roles({ guild }) {
  return (guild?.roles ?? []).map((role) => ({
    value: role.id,
    label: role.name,
    alias: role.name.replace(/^@/, ""),
    role,
  }));
}

function channels({ guild }, types) {
  const fits = (channel) => (types?.length ? types.includes(channel.type) : true);
  const named = (id) => guild.channels.find((channel) => channel.id === id)?.name;
  return (guild?.channels ?? []).filter(fits).map((channel) => ({
    value: channel.id,
    label: channel.name,
    detail: channel.type === TYPES.CATEGORY ? "category" : named(channel.parent_id),
    channel,
  }));
}

/**
 * What a filled in field is worth: {} when empty, {value} or {error}. A field is {text, value?, file?}: `value`
 * is what was chosen from a list and counts as long as it is there.
 */
export function readField(option, field, world) {
  if (option.type === ATTACHMENT) return readFile(option, field);
  const text = field?.text?.trim() ?? "";
  if (!text && field?.value === undefined) return option.required ? { error: "This is needed." } : {};
  if (field.value !== undefined) return { value: field.value };
  if (option.type === STRING && !option.choices) return readText(option, text);
  if (option.type === INTEGER || option.type === NUMBER) return readNumber(option, text);
  return readChoice(option, text, world);
}

function readFile(option, field) {
  if (!field?.file) return option.required ? { error: "Choose a file." } : {};
  return field.file.error ? { error: field.file.error } : { value: field.file };
}

function readText(option, text) {
  const length = [...text].length;
  const least = option.min_length ?? 0;
  const most = option.max_length ?? MAX_TEXT;
  if (length < least) return { error: `At least ${least} characters, not ${length}.` };
  if (length > most) return { error: `At most ${most} characters, not ${length}.` };
  return { value: text };
}

function readNumber(option, text) {
  const choice = option.choices?.find((item) => same(item.name, text) || String(item.value) === text);
  if (choice) return { value: choice.value };
  if (option.choices) return { error: "Choose one of the list." };
  const value = Number(text.replace(",", "."));
  if (!Number.isFinite(value)) return { error: "This takes a number." };
  if (option.type === INTEGER && !Number.isSafeInteger(value)) return { error: "This takes a whole number." };
  if (option.min_value !== undefined && value < option.min_value)
    return { error: `At least ${option.min_value}.` };
  if (option.max_value !== undefined && value > option.max_value)
    return { error: `At most ${option.max_value}.` };
  return { value };
}

function readChoice(option, text, world) {
  const bare = text.replace(/^[@#]/, "");
  const id = /^(?:<[@#][!&]?)?(\d{15,20})>?$/.exec(text)?.[1];
  const found = pools(option, world).filter(
    (item) => item.value === id || same(item.label, bare) || same(item.label, text) || same(item.alias, bare),
  );
  const exact = found.find((item) => item.alias === bare) ?? found[0];
  return exact ? { value: exact.value } : { error: `There is no such choice: this takes ${hint(option)}.` };
}

function same(a, b) {
  return a?.toLowerCase() === b.toLowerCase();
}

/** All options of an entry: {values by name, errors by name}. Files stay what they are. */
export function readFields(entry, fields, world) {
  const values = {};
  const errors = {};
  for (const option of entry.options) {
    const { value, error } = readField(option, fields[option.name], world);
    if (error) errors[option.name] = error;
    else if (value !== undefined) values[option.name] = value;
  }
  return { values, errors };
}
