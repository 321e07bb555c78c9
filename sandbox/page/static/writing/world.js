// What names are looked up in while writing: the server, the channel and who writes.
import { can } from "../store.js";
import { P } from "./rights.js";

export function worldOf(store, channel) {
  const guild = store.state.guilds.get(channel.guild_id) ?? null;
  return {
    guild,
    channel,
    viewer: store.state.viewer,
    mayPingAll: can(channel.permissions, P.MENTION_EVERYONE),
  };
}
