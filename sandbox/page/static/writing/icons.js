// The icon of something that can be chosen.
import { isThread, TYPES } from "../store.js";

const OF_TYPE = {
  [TYPES.VOICE]: "voice",
  [TYPES.NEWS]: "news",
  [TYPES.FORUM]: "forum",
  [TYPES.CATEGORY]: "down",
  [TYPES.PRIVATE_THREAD]: "lock",
};

export function iconName({ channel, role, command, token }) {
  if (channel) return OF_TYPE[channel.type] ?? (isThread(channel) ? "thread" : "hash");
  if (role || token?.startsWith("@")) return "at";
  return command ? "slash" : null;
}
