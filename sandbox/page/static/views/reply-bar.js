import { html } from "../html.js";
import { displayName } from "../names.js";
import { Icon, IconButton } from "./common.js";
import { usePage } from "./context.js";

/** What is being replied to, over the box; with the switch whether its author is pinged. */
export function ReplyBar() {
  const { state, store } = usePage();
  const { reply, pingReply } = state;
  if (!reply) return null;
  const own = reply.author.id === state.viewer.id;
  return html`<div class="reply-bar">
    <${Icon} name="reply" size=${16} />
    <p>Replying to <b>${displayName(reply)}</b> <span class="reply-excerpt">${excerpt(reply)}</span></p>
    ${
      !own &&
      html`<button type="button" class="reply-ping" role="switch" aria-checked=${pingReply} title="Whether the reply pings who wrote it"
      onClick=${() => store.set({ pingReply: !pingReply })}><${Icon} name="at" size=${14} /> ${pingReply ? "on" : "off"}<span class="visually-hidden"> ping</span></button>`
    }
    <${IconButton} icon="close" size=${16} label="Don't reply" onClick=${() => store.set({ reply: null, pingReply: true })} />
  </div>`;
}

/** The beginning of a message in one line. */
export function excerpt(message) {
  if (message.content) return message.content.replace(/\s+/g, " ").slice(0, 120);
  if (message.attachments?.length) return message.attachments.map((file) => file.filename).join(", ");
  return message.embeds?.[0]?.title ?? "";
}
