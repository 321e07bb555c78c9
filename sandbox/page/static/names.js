// What people are called, and the colours and letters of those without a picture. No DOM in here.

const HUES = 12;

/** The name shown for a user, a member ({user, nick}) or a message ({author, member}). */
export function displayName(subject) {
  const user = subject.author ?? subject.user ?? subject;
  const nick = subject.member?.nick ?? subject.nick;
  return nick || user.global_name || user.username || "Unknown";
}

/** One or two letters that stand for a name: "Home Garden" -> "HG", "élan" -> "É". */
export function initials(name) {
  const words = name
    .trim()
    .split(/[\s_.-]+/u)
    .filter(Boolean);
  const letters = words.slice(0, 2).map((word) => [...word][0]);
  return letters.join("").toUpperCase() || "?";
}

/** A number from 0 to 11 that stays the same for an id; styles have a colour for each (.hue-0 ...). */
export function hueOf(id) {
  return Number(BigInt(id) % 1_000_003n) % HUES;
}

/** What a channel is called: a direct message by whom it is with. */
export function titleOf(channel) {
  if (!channel) return "";
  return channel.recipients ? channel.recipients.map(displayName).join(", ") : channel.name;
}

/** The beginning of a message as plain words, for lists. */
export function excerpt(message, length = 160) {
  const files = message.attachments?.length
    ? `${message.attachments.length === 1 ? "a file" : `${message.attachments.length} files`}`
    : "";
  const text = (
    message.content ||
    message.embeds?.map((embed) => embed.description || embed.title).find(Boolean) ||
    files
  )
    .replace(/\s+/gu, " ")
    .trim();
  const letters = [...text];
  return letters.length > length
    ? `${letters
        .slice(0, length - 1)
        .join("")
        .trimEnd()}…`
    : text;
}
