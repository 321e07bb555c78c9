import { html, useEffect } from "../html.js";
import { Composer } from "./composer.js";
import { usePage } from "./context.js";
import { MessageList } from "./message-list.js";
import { Typing } from "./typing.js";

/** A channel with its messages and the box to write in. */
export function Room({ channelId }) {
  const { state, store, actions } = usePage();
  const room = store.room(channelId);
  const channel = store.channel(channelId);
  useEffect(() => {
    if (!room.loaded) actions.load(channelId).catch(() => {});
  }, [channelId, state.viewer.id, room.loaded]);
  if (!channel) return null;
  return html`<section class="room" aria-label=${channel.name ?? "Direct messages"}>
    <${MessageList} key=${`${state.viewer.id} ${channelId}`} channel=${channel} />
    <${Typing} channelId=${channelId} />
    <${Composer} channelId=${channelId} />
  </section>`;
}
