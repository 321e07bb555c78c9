// A message being edited where it stands: Enter saves, Escape gives up.
import { html, useLayoutEffect, useRef, useState } from "../html.js";
import { changeDraft, draftKey, draftOf, dropDraft } from "../writing/drafts.js";
import { decode, encode } from "../writing/mentions.js";
import { worldOf } from "../writing/world.js";
import { onTouch } from "./composer.js";
import { usePage } from "./context.js";
import { TextField } from "./text-field.js";

const MAX_LENGTH = 2000;

/** Shown in place of a message's text while `state.editing` is its id. */
export function MessageEditor({ message }) {
  const { store, state, actions } = usePage();
  const world = worldOf(store, store.channel(message.channel_id));
  const place = `edit ${message.id}`;
  const begun = state.drafts.has(draftKey(state.viewer.id, place));
  const value = begun ? draftOf(store, place) : decode(message.content, world);
  const [error, setError] = useState(null);
  const field = useRef(null);
  useLayoutEffect(() => {
    const box = field.current;
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
    const frame = requestAnimationFrame(() => box.form.scrollIntoView({ block: "nearest" }));
    return () => cancelAnimationFrame(frame);
  }, []);

  const done = () => {
    dropDraft(store, place);
    store.set({ editing: null });
    document.querySelector(".composer textarea")?.focus();
  };
  const save = async () => {
    const content = encode(value.text.trim(), value.picks, world);
    const over = [...content].length - MAX_LENGTH;
    if (over > 0) return setError(`This is ${over} characters too long.`);
    if (!content && !message.attachments.length) return store.set({ asking: { kind: "delete", message } });
    if (content === message.content) return done();
    try {
      await actions.edit(message.id, content);
      done();
    } catch (problem) {
      setError(`Not saved: ${problem.message}`);
    }
  };
  const key = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !onTouch()) save();
    else if (event.key === "Escape") {
      event.stopPropagation();
      done();
    } else return false;
    return true;
  };
  return html`<form class="message-editor" aria-label="Edit the message" onSubmit=${(event) => {
    event.preventDefault();
    save();
  }}>
    <div class="composer-box"><${TextField} id=${`edit-${message.id}`} field=${field} label="Edit the message" value=${value} world=${world} onKey=${key}
      onChange=${(next) => {
        setError(null);
        changeDraft(store, place, next);
      }} /></div>
    ${error && html`<p class="composer-error" role="alert">${error}</p>`}
    <p class="editor-foot"><button type="submit" class="text-button">Save</button> <kbd>Enter</kbd> <button type="button" class="text-button" onClick=${done}>Cancel</button> <kbd>Esc</kbd></p>
  </form>`;
}
