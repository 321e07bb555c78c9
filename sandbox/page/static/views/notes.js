import { html } from "../html.js";
import { displayName, excerpt } from "../names.js";
import { Avatar, Icon, Time } from "./common.js";
import { usePage } from "./context.js";
import { Preview } from "./preview.js";

const SHOWN = 50;

/** What a bot noted: about the selected message, or a list of the room's latest noted messages. */
export function Notes() {
  const { state, store, actions } = usePage();
  const message = state.selected && store.message(state.selected);
  const back = () => store.set({ selected: null });
  if (message?.note)
    return html`<${Chosen} message=${message} onBack=${back} onShow=${() => actions.goTo(message)} />`;
  const noted = store
    .room(state.place.channel)
    .messages.filter((item) => item.note)
    .slice(-SHOWN)
    .reverse();
  if (noted.length === 0) return html`<${Nothing} />`;
  return html`<ul class="cards notes" aria-live="polite">${noted.map(
    (item) => html`<li key=${item.id}>
    <button type="button" class=${`card note ${item.note.tone}`} onClick=${() => store.set({ selected: item.id })}>
      <span class="card-head"><span class=${`tone ${item.note.tone}`}></span><strong>${item.note.title}</strong><${Time} iso=${item.timestamp} /></span>
      <span class="card-text"><b>${displayName(item)}</b> ${excerpt(item, 90)}</span>
    </button></li>`,
  )}</ul>`;
}

function Chosen({ message, onBack, onShow }) {
  const { note } = message;
  return html`<div class="chosen">
    <button type="button" class="crumb" onClick=${onBack}><${Icon} name="back" size=${16} /><span>All notes here</span></button>
    <h3 class="note-title"><span class=${`tone ${note.tone}`}></span>${note.title}</h3>
    <dl class="rows">${note.rows.map(([name, value], index) => html`<div key=${index}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    <button type="button" class="card" onClick=${onShow} title="Go to the message">
      <span class="card-head"><${Avatar} user=${message.author} size=${20} /><strong>${displayName(message)}</strong><${Time} iso=${message.timestamp} /></span>
      <${Preview} message=${message} />
    </button>
  </div>`;
}

function Nothing() {
  return html`<div class="nothing"><${Icon} name="note" size=${36} /><p>No notes in this channel yet.</p>
    <p class="dim">A bot can put notes beside messages: operation <code>annotate</code>. What it thought and did about each then stands here.</p></div>`;
}
