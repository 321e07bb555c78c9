import { html, useEffect, useReducer } from "../html.js";
import { displayName } from "../names.js";
import { typingText } from "../writing/typists.js";
import { usePage } from "./context.js";

/** Who is typing in a channel, as a line under the messages. */
export function Typing({ channelId }) {
  const { store } = usePage();
  const [, redraw] = useReducer((count) => count + 1, 0);
  const names = store.typists(channelId).map((id) => nameOf(store, channelId, id));
  const busy = names.length > 0;
  useEffect(() => {
    if (!busy) return undefined;
    const timer = setInterval(redraw, 1000);
    return () => clearInterval(timer);
  }, [busy]);
  return html`<p class="typing" aria-live="polite">
    ${busy && html`<span class="typing-dots" aria-hidden="true"><i></i><i></i><i></i></span> ${typingText(names)}`}
  </p>`;
}

function nameOf(store, channelId, userId) {
  const recipients = store.channel(channelId)?.recipients ?? [];
  const known = store.member(userId) ?? recipients.find((user) => user.id === userId);
  return known ? displayName(known) : "Somebody";
}
