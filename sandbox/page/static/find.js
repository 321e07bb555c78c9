// The quick switcher's search: everything that can be gone to, best match first. No DOM in here.
import { compareIds, activity, iconOf, isThread, openable } from "./channels.js";
import { displayName, titleOf } from "./names.js";

const LIMIT = 30;

/** Everything the viewer can go to: {kind, id, guildId, label, detail, icon, user}. */
export function destinations(state) {
  const found = [];
  for (const guild of state.guilds.values()) {
    const listed = new Set(openable(guild).map((channel) => channel.id));
    for (const channel of guild.channels) {
      if (!listed.has(channel.id) && !isThread(channel)) continue;
      found.push({
        kind: "channel",
        id: channel.id,
        guildId: guild.id,
        label: channel.name,
        detail: guild.name,
        icon: iconOf(channel),
        channel,
      });
    }
  }
  for (const channel of state.direct) {
    found.push({
      kind: "channel",
      id: channel.id,
      guildId: null,
      label: titleOf(channel),
      detail: "Direct message",
      icon: "at",
      channel,
    });
  }
  for (const user of state.people) {
    if (user.id === state.viewer.id) continue;
    found.push({
      kind: "person",
      id: user.id,
      label: displayName(user),
      other: user.username,
      detail: `View as ${user.standing}`,
      user,
    });
  }
  return found;
}

/** The destinations that fit what was typed, best first; without text those last active. */
export function matches(items, query) {
  const wanted = fold(query.replace(/^[#@]/u, "").trim());
  if (!wanted)
    return [...items]
      .filter((item) => item.channel)
      .sort((a, b) => compareIds(activity(b.channel), activity(a.channel)))
      .slice(0, LIMIT);
  return items
    .map((item) => ({
      item,
      score: Math.max(score(fold(item.label), wanted), item.other ? score(fold(item.other), wanted) : 0),
    }))
    .filter(({ score: points }) => points > 0)
    .sort(
      (a, b) =>
        b.score - a.score ||
        a.item.label.length - b.item.label.length ||
        a.item.label.localeCompare(b.item.label),
    )
    .slice(0, LIMIT)
    .map(({ item }) => item);
}

function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** 5 the same, 4 begins so, 3 a word begins so, 2 contains it, 1 its letters in order, 0 no match. */
export function score(text, wanted) {
  if (text === wanted) return 5;
  const at = text.indexOf(wanted);
  if (at === 0) return 4;
  if (at > 0) return text.split(/[\s_.-]+/u).some((word) => word.startsWith(wanted)) ? 3 : 2;
  let next = 0;
  for (const letter of text) if (letter === wanted[next]) next += 1;
  return next === wanted.length ? 1 : 0;
}
