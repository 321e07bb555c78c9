// Menus and questions in front of the page. Mounted once.
import { html, useEffect, useRef, useState } from "../html.js";
import { displayName } from "../names.js";
import { dropDraft } from "../writing/drafts.js";
import { startRights } from "../writing/rights.js";
import { usePage } from "./context.js";
import { showInFront } from "./dialog.js";
import { EmojiPicker } from "./emoji-picker.js";
import { Menu } from "./menu.js";
import { listenForMenus } from "./message-actions.js";
import { excerpt } from "./reply-bar.js";

const MAX_NAME = 100;
const KINDS = { delete: Delete, thread: Thread, rename: Rename, removeThread: RemoveThread };

export function Overlays() {
  const page = usePage();
  const { asking, picking } = page.state;
  useEffect(() => listenForMenus(page), []);
  return html`<${Menu} />
    ${picking && html`<${EmojiPicker} anchor=${picking.anchor} onPick=${picking.onPick} onClose=${() => page.store.set({ picking: null })} />`}
    ${asking && html`<${KINDS[asking.kind]} key=${asking.kind} ...${asking} />`}`;
}

/** A dialog with a form; `onDo` acts and may throw, what it throws is shown. */
function Question({ title, act, bad, onDo, ready = true, children }) {
  const { store } = usePage();
  const dialog = useRef(null);
  const [error, setError] = useState(null);
  const busy = useRef(false);
  useEffect(() => {
    const question = dialog.current;
    const leave = showInFront(question);
    question.querySelector("input:not([type=checkbox]), .bad-button")?.focus();
    return leave;
  }, []);
  const close = () => store.set({ asking: null });
  const cancel = (event) => {
    event.preventDefault();
    close();
  };
  const submit = async (event) => {
    event.preventDefault();
    if (busy.current) return;
    busy.current = true;
    try {
      await onDo();
      close();
    } catch (problem) {
      setError(problem.message);
    } finally {
      busy.current = false;
    }
  };
  return html`<dialog ref=${dialog} class="question" aria-labelledby="question-title" onCancel=${cancel} onClick=${(event) => event.target === dialog.current && close()}>
    <form onSubmit=${submit}>
      <h2 id="question-title">${title}</h2>
      ${children}
      ${error && html`<p class="composer-error" role="alert">${error}</p>`}
      <p class="question-buttons">
        <button type="button" class="plain-button" onClick=${close}>Cancel</button>
        <button type="submit" class=${bad ? "bad-button" : "main-button"} disabled=${!ready}>${act}</button>
      </p>
    </form>
  </dialog>`;
}

function Delete({ message }) {
  const { store, state, actions } = usePage();
  const remove = async () => {
    await actions.remove(message.id);
    dropDraft(store, `edit ${message.id}`);
    if (state.editing === message.id) store.set({ editing: null });
  };
  return html`<${Question} title="Delete this message?" act="Delete" bad onDo=${remove}>
    <blockquote><b>${displayName(message)}</b> ${excerpt(message)}</blockquote>
    <p class="question-note">It can't be brought back. With Shift, Delete doesn't ask.</p>
  <//>`;
}

function Thread({ message, channel }) {
  const { actions } = usePage();
  const rights = startRights(channel);
  const [name, setName] = useState(message ? suggestedName(message) : "");
  const [hidden, setHidden] = useState(!message && !rights.public);
  const start = async () => {
    const place = message ? { messageId: message.id } : { channelId: channel.id, private: hidden };
    actions.openThread(await actions.startThread(name.trim(), place));
  };
  return html`<${Question} title=${message ? "Start a thread" : "New thread"} act="Start" ready=${name.trim() !== ""} onDo=${start}>
    ${message && html`<blockquote><b>${displayName(message)}</b> ${excerpt(message)}</blockquote>`}
    <${Name} value=${name} onInput=${setName} />
    ${
      !message &&
      rights.private &&
      html`<label class="question-check"><input type="checkbox" checked=${hidden} disabled=${!rights.public} onChange=${(event) => setHidden(event.target.checked)} />
      <span>Private<small>Only who is invited, and moderators, see it.</small></span></label>`
    }
  <//>`;
}

/** A thread's name out of a message: its first words. */
function suggestedName(message) {
  const text = excerpt({
    ...message,
    content: message.content.replace(/<[@#][!&]?\d+>|[*_~`>|]/g, "").trim(),
  });
  if (text.length <= 50) return text;
  return `${text.slice(0, 50).replace(/\s+\S*$/, "")}…`;
}

function Rename({ channel }) {
  const { actions } = usePage();
  const [name, setName] = useState(channel.name);
  return html`<${Question} title="Rename the thread" act="Rename" ready=${name.trim() !== ""} onDo=${() => actions.editThread(channel.id, { name: name.trim() })}>
    <${Name} value=${name} onInput=${setName} />
  <//>`;
}

function Name({ value, onInput }) {
  return html`<label class="question-field">Name<input maxlength=${MAX_NAME} value=${value} onInput=${(event) => onInput(event.target.value)} onFocus=${(event) => event.target.select()} /></label>`;
}

function RemoveThread({ channel }) {
  const { actions } = usePage();
  return html`<${Question} title=${`Delete “${channel.name}”?`} act="Delete" bad onDo=${() => actions.removeThread(channel.id)}>
    <p class="question-note">All its messages go with it. To keep them, archive it instead.</p>
  <//>`;
}
