import { html } from "../html.js";
import { displayName } from "../names.js";
import { useAsked } from "./asked.js";
import { Avatar, Time } from "./common.js";
import { usePage } from "./context.js";
import { Dialog, DialogHead } from "./dialog.js";
import { Preview } from "./preview.js";

/** A channel's pinned messages; a click goes to one. */
export function PinsDialog({ channel, onClose }) {
  const { state, actions } = usePage();
  const { value: pinned, problem } = useAsked(() => actions.pins(channel.id), [channel.id, state.viewer.id]);
  const go = (message) => {
    onClose();
    actions.goTo(message);
  };
  return html`<${Dialog} label="Pinned messages" class="hung" onClose=${onClose}>
    <${DialogHead} title="Pinned messages" onClose=${onClose} />
    ${problem && html`<p class="problem">${problem}</p>`}
    ${!pinned && !problem && html`<p class="hint" role="status">Loading …</p>`}
    ${pinned?.length === 0 && html`<p class="hint">Nothing is pinned here.</p>`}
    <ul class="cards">${pinned?.map(
      (message) => html`<li key=${message.id}><button type="button" class="card" onClick=${() => go(message)}>
      <span class="card-head"><${Avatar} user=${message.author} size=${20} /><strong>${displayName(message)}</strong><${Time} iso=${message.timestamp} /></span>
      <${Preview} message=${message} />
    </button></li>`,
    )}</ul>
  <//>`;
}
