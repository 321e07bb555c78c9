// The form an application opened: state.modal. What was typed stays when sending it fails.
import { isKnown, partsOf, problems, startValues, TEXT_INPUT } from "../forms.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { Avatar, Icon, IconButton } from "./common.js";
import { usePage } from "./context.js";
import { RichText } from "./rich-text.js";
import { Select } from "./select.js";

const PARAGRAPH = 2;
const MOST = 4000;

/** Mounted once: shows the open form. */
export function Modal() {
  const { state } = usePage();
  return state.modal ? html`<${Form} key=${state.modal.id} opened=${state.modal} />` : null;
}

function Form({ opened }) {
  const { store, actions } = usePage();
  const { modal } = opened;
  const dialog = useRef(null);
  const [values, setValues] = useState(() => startValues(modal));
  const [wrong, setWrong] = useState({});
  const [sending, setSending] = useState(false);
  const [failure, setFailure] = useState("");
  useEffect(() => {
    dialog.current.showModal();
    dialog.current.querySelector("input, textarea, .select-button")?.focus();
  }, []);
  const close = () => store.set({ modal: null });
  const submit = async (event) => {
    event.preventDefault();
    const found = problems(modal, values);
    setWrong(found);
    if (Object.keys(found).length)
      return dialog.current
        .querySelector(`[data-field="${CSS.escape(Object.keys(found)[0])}"] :is(input, textarea, button)`)
        ?.focus();
    setSending(true);
    setFailure("");
    try {
      await actions.submit(opened.id, values);
    } catch (error) {
      setFailure(`${error.message} What you typed is still here: try again.`);
      setSending(false);
    }
  };
  const set = (id, value) => {
    setValues((now) => ({ ...now, [id]: value }));
    if (wrong[id]) setWrong(({ [id]: _, ...others }) => others);
  };
  return html`<dialog ref=${dialog} class="modal" aria-labelledby="modal-title" onCancel=${(event) => event.target === dialog.current && close()}>
    <form onSubmit=${submit} novalidate>
      <header class="modal-head">
        <${Avatar} user=${opened.application.bot} size=${28} />
        <h2 id="modal-title">${modal.title}</h2>
        <${IconButton} icon="close" label="Close without sending" onClick=${close} />
      </header>
      <div class="modal-body">
        ${partsOf(modal).map((part, index) => html`<${Part} key=${index} part=${part} values=${values} wrong=${wrong} onInput=${set} />`)}
        <p class="modal-about">This form goes to ${opened.application.name}.</p>
      </div>
      <footer class="modal-foot">
        ${failure && html`<p class="modal-failure" role="alert"><${Icon} name="warn" size=${16} /> ${failure}</p>`}
        <button type="button" class="button button-plain" onClick=${close}>Cancel</button>
        <button type="submit" class="button button-primary" disabled=${sending} aria-busy=${sending}>${sending ? "Sending …" : "Submit"}</button>
      </footer>
    </form>
  </dialog>`;
}

function Part({ part, values, wrong, onInput }) {
  const { store } = usePage();
  if (part.kind === "text") return html`<${RichText} text=${part.content} />`;
  const { field } = part;
  if (!isKnown(field))
    return html`<p class="component-unknown">(a field of a kind this page doesn't know: ${field.type})</p>`;
  const id = `field-${field.custom_id}`;
  const problem = wrong[field.custom_id];
  const value = values[field.custom_id];
  const set = (next) => onInput(field.custom_id, next);
  const described =
    [part.description && `${id}-about`, problem && `${id}-wrong`].filter(Boolean).join(" ") || null;
  return html`<div class="modal-field" data-field=${field.custom_id}>
    <label id=${`${id}-label`} for=${id}>${part.label}${(field.required ?? true) && html`<span class="required" title="required" aria-hidden="true"> *</span>`}</label>
    ${part.description && html`<p id=${`${id}-about`} class="modal-about">${part.description}</p>`}
    ${
      field.type === TEXT_INPUT
        ? html`<${TextInput} id=${id} field=${field} value=${value} described=${described} invalid=${Boolean(problem)} onInput=${set} />`
        : html`<${Select} component=${field} guild=${store.guild()} values=${value} onChange=${set} invalid=${Boolean(problem)} id=${id} labelledBy=${`${id}-label`} />`
    }
    ${problem && html`<p id=${`${id}-wrong`} class="modal-wrong" role="alert">${problem}</p>`}
  </div>`;
}

function TextInput({ id, field, value, described, invalid, onInput }) {
  const shared = {
    id,
    value,
    placeholder: field.placeholder,
    required: field.required ?? true,
    maxlength: field.max_length ?? MOST,
    "aria-describedby": described,
    "aria-invalid": invalid,
    onInput: (event) => onInput(event.target.value),
  };
  const count = html`<span class="modal-count" aria-hidden="true">${value.length}${field.min_length ? ` (at least ${field.min_length})` : ""} / ${field.max_length ?? MOST}</span>`;
  return field.style === PARAGRAPH
    ? html`<textarea rows="4" ...${shared}></textarea>${count}`
    : html`<input type="text" autocomplete="off" ...${shared} />${count}`;
}
