// The form an application opened: state.modal. What was typed stays when sending it fails.
import {
  CHECKBOX,
  CHECKBOXES,
  isBeyond,
  isKnown,
  partsOf,
  problems,
  RADIO,
  startValues,
  TEXT_INPUT,
} from "../forms.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { Avatar, Icon, IconButton } from "./common.js";
import { usePage } from "./context.js";
import { showInFront } from "./dialog.js";
import { RichText } from "./rich-text.js";
import { Select } from "./select.js";

const UPLOAD = 19;
const PARAGRAPH = 2;
const MOST = 4000;
const GROUPS = [RADIO, CHECKBOXES];

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
    const form = dialog.current;
    const leave = showInFront(form);
    form.querySelector("input, textarea, .select-button")?.focus();
    return leave;
  }, []);
  const beyond = isBeyond(modal);
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
        ${beyond && html`<p class="modal-failure" role="alert"><${Icon} name="warn" size=${16} /> This page can't fill in all that is asked for, so the form can't be sent from here.</p>`}
        ${failure && html`<p class="modal-failure" role="alert"><${Icon} name="warn" size=${16} /> ${failure}</p>`}
        <button type="button" class="button button-plain" onClick=${close}>Cancel</button>
        <button type="submit" class="button button-primary" disabled=${sending || beyond} aria-busy=${sending}>${sending ? "Sending …" : "Submit"}</button>
      </footer>
    </form>
  </dialog>`;
}

function Part({ part, values, wrong, onInput }) {
  const { store } = usePage();
  if (part.kind === "text") return html`<${RichText} text=${part.content} />`;
  const { field } = part;
  if (!isKnown(field))
    return html`<div class="modal-field"><div class="modal-label">${part.label}</div>
      <p class="component-unknown">${field.type === UPLOAD ? "Files can't be added to a form on this page." : `This page has no field of this kind (${field.type}).`}${field.required === false && " It stays empty."}</p></div>`;
  const id = `field-${field.custom_id}`;
  const problem = wrong[field.custom_id];
  const value = values[field.custom_id];
  const set = (next) => onInput(field.custom_id, next);
  const described =
    [part.description && `${id}-about`, problem && `${id}-wrong`].filter(Boolean).join(" ") || null;
  const heading = html`${part.label}${(field.required ?? true) && field.type !== CHECKBOX && html`<span class="required" title="required" aria-hidden="true"> *</span>`}`;
  const shared = { id, field, described, invalid: Boolean(problem) };
  return html`<div class="modal-field" data-field=${field.custom_id}>
    ${
      GROUPS.includes(field.type)
        ? html`<div class="modal-label" id=${`${id}-label`}>${heading}</div>`
        : html`<label id=${`${id}-label`} for=${id}>${heading}</label>`
    }
    ${part.description && html`<p id=${`${id}-about`} class="modal-about">${part.description}</p>`}
    ${drawField(shared, value, set, store.guild())}
    ${problem && html`<p id=${`${id}-wrong`} class="modal-wrong" role="alert">${problem}</p>`}
  </div>`;
}

function drawField(shared, value, set, guild) {
  const { id, field, described, invalid } = shared;
  if (field.type === TEXT_INPUT) return html`<${TextInput} ...${shared} value=${value} onInput=${set} />`;
  if (GROUPS.includes(field.type)) return html`<${Choices} ...${shared} value=${value} onInput=${set} />`;
  if (field.type === CHECKBOX)
    return html`<input type="checkbox" id=${id} checked=${value} aria-describedby=${described} onChange=${(event) => set(event.target.checked)} />`;
  return html`<${Select} component=${field} guild=${guild} values=${value} onChange=${set} invalid=${invalid} id=${id} labelledBy=${`${id}-label`} />`;
}

/** One or several of a few options, all in sight. */
function Choices({ id, field, value, described, onInput }) {
  const single = field.type === RADIO;
  const isChosen = (option) => (single ? value === option.value : value.includes(option.value));
  const choose = (option, chosen) => {
    if (single) return onInput(option.value);
    const others = value.filter((item) => item !== option.value);
    return onInput(chosen ? [...others, option.value] : others);
  };
  return html`<div role=${single ? "radiogroup" : "group"} aria-labelledby=${`${id}-label`} aria-describedby=${described}>
    ${field.options.map(
      (option) => html`<label key=${option.value} class="check">
      <input type=${single ? "radio" : "checkbox"} name=${id} checked=${isChosen(option)} onChange=${(event) => choose(option, event.target.checked)} />
      <span>${option.label}${option.description && html`<small>${option.description}</small>`}</span></label>`,
    )}
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
