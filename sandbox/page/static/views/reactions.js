// The reactions under a message, and the way to add one.
import { html, useState } from "../html.js";
import { can } from "../store.js";
import { Icon } from "./common.js";
import { usePageQuietly } from "./context.js";
import { EmojiPicker } from "./emoji-picker.js";
import { Emoji } from "./rich-text.js";

const ADD_REACTIONS = 1n << 6n;

function keyOf(emoji) {
  return emoji.id ? `${emoji.name}:${emoji.id}` : emoji.name;
}

/** How a failure is told is up to the action: it shows a toast. */
function quietly(promise) {
  promise.catch(() => {});
}

export function Reactions({ message }) {
  const { actions, store } = usePageQuietly();
  const [anchor, setAnchor] = useState(null);
  const mayAdd = can(store.channel(message.channel_id)?.permissions, ADD_REACTIONS);
  return html`<div class="reactions" role="group" aria-label="Reactions">
    ${message.reactions.map(
      ({
        emoji,
        count,
        me,
      }) => html`<button type="button" key=${keyOf(emoji)} class="reaction" aria-pressed=${me}
        aria-label=${`${emoji.name}: ${count}${me ? ", yours too" : ""}`} onClick=${() => quietly(actions.react(message.id, keyOf(emoji), !me))}>
      <${Emoji} emoji=${emoji} /><span>${count}</span>
    </button>`,
    )}
    ${
      mayAdd &&
      html`<button type="button" class="reaction reaction-add" aria-label="Add a reaction" title="Add a reaction" aria-expanded=${Boolean(anchor)}
      onClick=${(event) => setAnchor(event.currentTarget)}><${Icon} name="smile" size=${16} /></button>`
    }
    ${anchor && html`<${EmojiPicker} anchor=${anchor} onClose=${() => setAnchor(null)} onPick=${(emoji) => quietly(actions.react(message.id, emoji, true))} />`}
  </div>`;
}
