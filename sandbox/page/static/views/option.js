// One option of a command's form: a box with a list of what fits, or a file.
import { html, useEffect, useRef, useState } from "../html.js";
import { splitOptions } from "../writing/commands.js";
import { choicesFor, INTEGER, NUMBER, readFields } from "../writing/options.js";
import { admit, readableSize } from "../writing/uploads.js";
import { Icon, IconButton } from "./common.js";
import { comboboxProps, moved, Suggestions } from "./suggestions.js";
import { asUpload, chooseFiles } from "./uploads.js";

const DEBOUNCE_MS = 200;

export function Option({ option, context, active, error }) {
  const { fields, update, put, world } = context;
  const field = fields[option.name] ?? { text: "" };
  const [focused, setFocused] = useState(false);
  const [open, setOpen] = useState(true);
  const [marked, setMarked] = useState(option.autocomplete ? -1 : 0);
  const asked = useAutocomplete(option, field, context, focused);
  const items = option.autocomplete
    ? asked.items
    : field.value === undefined
      ? choicesFor(option, field.text, world)
      : [];
  const listed = focused && open && field.value === undefined && (items.length > 0 || asked.status !== null);
  const id = `option-${option.name}`;
  const index = Math.min(marked, items.length - 1);
  const label = `${option.name}${option.required ? "" : ", optional"}`;

  const pick = (item) => {
    put({ [option.name]: { text: item.label, value: item.value } });
    setOpen(false);
  };
  const type = (text) => {
    setOpen(true);
    setMarked(option.autocomplete ? -1 : 0);
    const { lead, texts, last } = splitOptions(text, context.entry.options);
    if (!last) return put({ [option.name]: { text } });
    const others = Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, { text: value }]));
    return put({ [option.name]: { text: lead }, ...others }, { active: last });
  };
  const list = { items, listed, index, pick, setMarked, close: () => setOpen(false) };
  return html`<div class=${`command-option${error ? " wrong" : ""}`}>
    ${listed && html`<${Suggestions} id=${`${id}-list`} label=${option.name} items=${items} active=${index} onPick=${pick} onPoint=${setMarked} status=${asked.status} />`}
    <label><span class="command-option-name">${option.name}</span>
      <input id=${id} data-option=${option.name} value=${field.text} autocomplete="off" spellcheck="false" aria-label=${label} size=${Math.max(4, Math.min(40, field.text.length + 1))}
        inputmode=${option.type === INTEGER ? "numeric" : option.type === NUMBER ? "decimal" : "text"}
        aria-required=${Boolean(option.required)} aria-invalid=${Boolean(error)} aria-describedby=${error ? `${id}-error` : null}
        ...${comboboxProps(`${id}-list`, listed, items, index)}
        onFocus=${() => {
          setFocused(true);
          if (!active) update({ active: option.name });
        }}
        onBlur=${() => {
          setFocused(false);
          if (field.text) put({ [option.name]: { ...field, left: true } });
        }}
        onInput=${(event) => type(event.target.value)}
        onKeyDown=${(event) => optionKey(event, { option, context, list })} />
    </label>
    ${error && html`<span class="command-option-error" id=${`${id}-error`} role="alert">${error}</span>`}
  </div>`;
}

function optionKey(event, { option, context, list }) {
  if (event.isComposing) return;
  const next = list.listed ? moved(event, list.index, list.items.length) : null;
  const atStart = event.target.selectionStart === 0 && event.target.selectionEnd === 0;
  const chosen = list.listed ? list.items[list.index] : undefined;
  if (next !== null) list.setMarked(next);
  else if (event.key === "Escape" && list.listed) {
    event.stopPropagation();
    list.close();
  } else if (event.key === "Enter" && chosen) list.pick(chosen);
  else if (event.key === "Enter") context.run();
  else if (event.key === "Tab" && !event.shiftKey && chosen && event.target.value)
    return list.pick(chosen); // and on to the next one
  else if (event.key === "Backspace" && atStart) context.remove(option);
  else return;
  event.preventDefault();
}

/** The bot's choices for what is typed: asked a moment after the last key, late answers dropped. */
function useAutocomplete(option, field, { page, channel, entry, fields, world }, focused) {
  const [found, setFound] = useState({ items: [], status: null });
  const turn = useRef(0);
  const wanted = Boolean(option.autocomplete) && focused && field.value === undefined;
  useEffect(() => {
    turn.current += 1;
    if (!wanted) return undefined;
    const own = turn.current;
    const settle = (next) => own === turn.current && setFound(next);
    setFound((before) => ({ items: before.items, status: before.items.length ? null : "Asking …" }));
    const timer = setTimeout(async () => {
      const { [option.name]: _, ...others } = readFields(entry, fields, world).values;
      const plain = Object.fromEntries(Object.entries(others).filter(([, value]) => !value?.file));
      try {
        const choices = await page.actions.autocomplete(
          channel.id,
          entry.name,
          option.name,
          field.text,
          plain,
          entry.app.id,
        );
        settle({
          items: choices.map(({ name, value }) => ({ value, label: name })),
          status: choices.length ? null : "Nothing fits.",
        });
      } catch {
        settle({ items: [], status: `${entry.app.name} sent no choices. Type on to ask again.` });
      }
    }, DEBOUNCE_MS);
    return () => clearTimeout(timer);
  }, [wanted, field.text]);
  return option.autocomplete ? found : { items: [], status: null };
}

export function FileOption({ option, context, error }) {
  const { fields, update, put } = context;
  const file = fields[option.name]?.file;
  const take = (files) => {
    if (!files.length) return;
    const { taken, error: problem } = admit([], [asUpload(files[0])]);
    const chosen = taken[0] ?? { name: files[0].name, size: files[0].size, error: problem };
    put({ [option.name]: { file: chosen, left: true } }, { active: option.name });
  };
  const drop = (event) => {
    event.preventDefault();
    take([...event.dataTransfer.files]);
  };
  return html`<div class=${`command-option${error ? " wrong" : ""}`} onDragOver=${(event) => event.preventDefault()} onDrop=${drop}
    onPaste=${(event) => take([...(event.clipboardData?.files ?? [])])}>
    <span class="command-option-name" id=${`option-${option.name}`}>${option.name}</span>
    <button type="button" class="command-file" data-option=${option.name} aria-describedby=${error ? `option-${option.name}-error` : null}
      aria-label=${`${option.name}: ${file ? file.name : "choose a file"}`} onFocus=${() => update({ active: option.name })} onClick=${() => chooseFiles(take, { multiple: false })}
      onKeyDown=${(event) => {
        if (event.key === "Backspace") {
          event.preventDefault();
          context.remove(option);
        }
      }}>
      <${Icon} name="file" size=${16} /> ${file ? `${file.name}, ${readableSize(file.size)}` : "Choose, drop or paste a file"}
    </button>
    ${file && html`<${IconButton} icon="close" size=${14} label="Take the file out" onClick=${() => put({ [option.name]: {} })} />`}
    ${error && html`<span class="command-option-error" id=${`option-${option.name}-error`} role="alert">${error}</span>`}
  </div>`;
}
