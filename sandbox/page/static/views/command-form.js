// A chosen command as a form in the box: its options in order, the optional ones on offer.
import { html, useLayoutEffect, useRef } from "../html.js";
import { draftOf, emptyDraft } from "../writing/drafts.js";
import { ATTACHMENT, hint, readFields } from "../writing/options.js";
import { Avatar, Icon, IconButton } from "./common.js";
import { FileOption, Option } from "./option.js";
import { runCommand } from "./sending.js";

/** `draft.command` is {entry, fields: {name: {text, value?, file?}}, active, tried}; `change` merges into the draft. */
export function CommandForm({ page, channel, draft, world, change }) {
  const { command } = draft;
  const { entry, fields, active, tried } = command;
  const form = useRef(null);
  const { values, errors } = readFields(entry, fields, world);
  const shown = entry.options.filter((option) => option.required || option.name in fields);
  const hidden = entry.options.filter((option) => !shown.includes(option));
  const current = entry.options.find((option) => option.name === active);
  // Blur and focus come in one turn: each goes on from what the other left.
  const latest = () => draftOf(page.store, channel.id).command;
  const update = (changes) => latest() && change({ command: { ...latest(), ...changes }, error: null });
  const put = (more, changes = {}) =>
    latest() && update({ fields: { ...latest().fields, ...more }, ...changes });

  // At once, so that no key typed on is lost.
  useLayoutEffect(() => {
    const target = active
      ? form.current.querySelector(`[data-option="${active}"]`)
      : form.current.querySelector(".command-run");
    target?.focus();
  }, [active, shown.length]);

  const leave = () => change({ ...emptyDraft(), files: draft.files, text: asText(entry, fields) });
  const run = async (event) => {
    event?.preventDefault();
    if (draft.sending) return;
    const wrong = Object.keys(errors)[0];
    if (wrong) return update({ tried: true, active: wrong });
    change({ sending: true, error: null });
    const taken = await runCommand(page, channel, entry, values, world, (reason) =>
      change({ error: reason }),
    );
    change(taken ? emptyDraft() : { sending: false });
  };
  const remove = (option) => {
    const { [option.name]: _, ...rest } = fields;
    const before = shown[shown.indexOf(option) - 1];
    update({ fields: option.required ? fields : rest, active: before?.name ?? null });
    if (!before) leave();
  };
  const context = { page, channel, entry, world, run, remove, update, put, fields };
  return html`<form ref=${form} class="command-form" aria-label=${`Command /${entry.name}`} onSubmit=${run}
    onKeyDown=${(event) => {
      if (event.key === "Escape" && !event.defaultPrevented) {
        event.preventDefault();
        event.stopPropagation();
        leave();
      }
    }}>
    <p class="command-hint">
      <${Avatar} user=${entry.app.bot} size=${16} /> <b>${entry.app.name}</b>
      <span>${current ? html`<b>${current.name}</b> ${current.description} <i>(${hint(current)})</i>` : entry.description}</span>
    </p>
    <div class="command-line">
      <span class="command-name">/${entry.name}</span>
      ${shown.map(
        (
          option,
        ) => html`<${option.type === ATTACHMENT ? FileOption : Option} key=${option.name} option=${option} context=${context}
        active=${option.name === active} error=${tried || fields[option.name]?.left ? errors[option.name] : null} />`,
      )}
      ${hidden.map(
        (
          option,
        ) => html`<button key=${option.name} type="button" class="command-more" title=${option.description}
        onClick=${() => put({ [option.name]: { text: "" } }, { active: option.name })}>
        <${Icon} name="plus" size=${14} />${option.name}</button>`,
      )}
      <span class="command-buttons">
        <${IconButton} icon="close" label="Leave the command" onClick=${leave} />
        <button type="submit" class="icon-button composer-send command-run" aria-label=${`Run /${entry.name}`} title="Run" disabled=${draft.sending}
          onKeyDown=${(event) => {
            if (event.key === "Backspace" && !shown.length) {
              event.preventDefault();
              leave();
            }
          }}><${Icon} name="send" /></button>
      </span>
    </div>
    ${draft.error && html`<p class="composer-error" role="alert">${draft.error}</p>`}
  </form>`;
}

/** The form as text, so that nothing is lost when it is left. */
function asText(entry, fields) {
  const filled = entry.options.filter((option) => fields[option.name]?.text);
  return [`/${entry.name}`, ...filled.map((option) => `${option.name}:${fields[option.name].text}`)].join(
    " ",
  );
}
