// What can be chosen in a select menu, of every kind, as {value, label, description, emoji, user, colour}. No DOM in here.
import { displayName } from "./names.js";

const SELECT = { STRING: 3, USER: 5, ROLE: 6, MENTIONABLE: 7, CHANNEL: 8 };
const KINDS = new Set(Object.values(SELECT));

export function isSelect(component) {
  return KINDS.has(component.type);
}

/** Returns the choices of a select; `people` are who can be chosen where there is no server. */
export function choicesOf(component, guild, people = []) {
  switch (component.type) {
    case SELECT.STRING:
      return component.options ?? [];
    case SELECT.USER:
      return users(guild, people);
    case SELECT.ROLE:
      return roles(guild);
    case SELECT.MENTIONABLE:
      return [...users(guild, people), ...roles(guild)];
    case SELECT.CHANNEL:
      return channels(guild, component.channel_types);
    default:
      return [];
  }
}

function users(guild, people) {
  const found = guild ? guild.members : people.map((user) => ({ user }));
  return found.map((member) => ({
    value: member.user.id,
    label: displayName(member),
    description: displayName(member) === member.user.username ? null : member.user.username,
    user: member.user,
  }));
}

function roles(guild) {
  const found = (guild?.roles ?? [])
    .filter((role) => role.id !== guild.id)
    .sort((a, b) => b.position - a.position);
  return found.map((role) => ({ value: role.id, label: `@${role.name}`, colour: role.color, role: true }));
}

function channels(guild, types) {
  const found = (guild?.channels ?? []).filter((channel) => !types?.length || types.includes(channel.type));
  return found.map((channel) => ({ value: channel.id, label: channel.name, channel }));
}

/** The values chosen before anybody touched the select. */
export function initialValues(component) {
  if (component.type !== SELECT.STRING)
    return (component.default_values ?? []).map((item) => String(item.id));
  return (component.options ?? []).filter((option) => option.default).map((option) => option.value);
}

/** How many values a select takes: [least, most]. */
export function limits(component) {
  return [component.min_values ?? 1, component.max_values ?? 1];
}

/** The values after a choice was pressed: a single one is replaced, one too many is not taken. */
export function toggled(component, values, value) {
  const [least, most] = limits(component);
  if (values.includes(value))
    return most === 1 && least > 0 ? values : values.filter((item) => item !== value);
  if (most === 1) return [value];
  return values.length < most ? [...values, value] : values;
}

/** The choices whose label, description or value holds all words of a query. */
export function matching(choices, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return choices.filter((choice) => {
    const text = `${choice.label} ${choice.description ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
