import { html, useState } from "../html.js";
import { displayName, excerpt } from "../names.js";
import { notedOf } from "../noted.js";
import { Avatar, Icon, Time } from "./common.js";
import { usePage } from "./context.js";
import { Preview } from "./preview.js";

const KEY = "flagged-only";

/** What a bot noted: about the selected message, or a list of the room's latest noted messages. */
export function Notes() {
  const { state, store, actions } = usePage();
  const [flaggedOnly, setFlaggedOnly] = useState(() => localStorage.getItem(KEY) !== "no");
  const message = state.selected && store.message(state.selected);
  const back = () => store.set({ selected: null });
  if (message?.note)
    return html`<${Chosen} message=${message} onBack=${back} onShow=${() => actions.goTo(message)} />`;
  const { shown, quiet } = notedOf(store.room(state.place.channel).messages, flaggedOnly);
  if (shown.length + quiet === 0) return html`<${Nothing} />`;
  const turn = () => {
    localStorage.setItem(KEY, flaggedOnly ? "no" : "yes");
    setFlaggedOnly(!flaggedOnly);
  };
  return html`<button type="button" class="filter" role="switch" aria-checked=${String(flaggedOnly)} onClick=${turn}>
      <span class="knob" aria-hidden="true"></span>Flagged only</button>
    <ul class="cards notes" aria-live="polite">${shown.map((item) => html`<${Card} key=${item.id} message=${item} />`)}</ul>
    ${flaggedOnly && quiet > 0 && html`<p class="hint">${rest(shown.length, quiet)}</p>`}`;
}

function Card({ message }) {
  const { store } = usePage();
  const { note } = message;
  return html`<li>
    <button type="button" class=${`card note ${note.tone}`} onClick=${() => store.set({ selected: message.id })}>
      <span class="card-head"><span class=${`tone ${note.tone}`}></span><strong>${note.title}</strong><${Time} iso=${message.timestamp} /></span>
      <span class="card-text"><b>${displayName(message)}</b> ${excerpt(message, 90)}</span>
    </button></li>`;
}

/** What the filter leaves out, in words. */
function rest(shown, quiet) {
  const count = quiet === 1 ? "1 message" : `${quiet} messages`;
  return shown ? `${count} more with nothing to do.` : `${count} here, and nothing to do for the bot.`;
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
