// A server's members in groups, as the list beside the room shows them. No DOM in here.
import { displayName } from "./names.js";

/** Returns [{title, members}]: the owner, each role from the top, members, newcomers, applications last. */
export function memberGroups(guild) {
  const ranks = new Map(guild.roles.map((role) => [role.name, role.position]));
  const groups = new Map();
  for (const member of guild.members) {
    const title = titleFor(member);
    if (!groups.has(title)) groups.set(title, []);
    groups.get(title).push(member);
  }
  const found = [...groups].map(([title, members]) => ({
    title,
    members: members.sort(byName),
    rank: rankOf(title, members[0], ranks),
  }));
  return found.sort((a, b) => b.rank - a.rank).map(({ title, members }) => ({ title, members }));
}

function titleFor(member) {
  if (member.bot) return "Applications";
  return { owner: "Owner", member: "Members", newcomer: "Newcomers" }[member.standing] ?? member.standing;
}

function rankOf(title, member, ranks) {
  if (member.bot) return -3;
  return { owner: Infinity, member: -1, newcomer: -2 }[member.standing] ?? ranks.get(member.standing) ?? 0;
}

function byName(a, b) {
  return displayName(a).localeCompare(displayName(b));
}
