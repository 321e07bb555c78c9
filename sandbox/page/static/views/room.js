import { html, useEffect } from "../html.js";
import { Composer } from "./composer.js";
import { usePage } from "./context.js";
import { Message } from "./message.js";

/** A channel with its messages and the box to write in. */
export function Room({ channelId }) {
  const { state, store, actions } = usePage();
  const room = store.room(channelId);
  useEffect(() => {
    if (!room.loaded) actions.load(channelId);
  }, [channelId, state.viewer.id, room.loaded]);
  return html`<section class="room">
    <ol class="messages">${room.messages.map((message) => html`<${Message} key=${message.id} message=${message} />`)}</ol>
    <${Composer} channelId=${channelId} />
  </section>`;
}
