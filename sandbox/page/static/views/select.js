// A select menu: a button that opens a list with search. Keyboard: arrows, Home, End, Enter, typing, Escape.
import { iconOf } from "../channels.js";
import { choicesOf, limits, matching, toggled } from "../choices.js";
import { hex } from "../colours.js";
import { html, useEffect, useMemo, useRef, useState } from "../html.js";
import { Avatar, Icon } from "./common.js";
import { usePageQuietly } from "./context.js";
import { Popover } from "./popover.js";
import { Emoji } from "./rich-text.js";

let lists = 0;

/**
 * `values` are those chosen; `onChange(values)` is called with every press, `onCommit(values)` when the list was
 * closed with other values than it was opened with.
 */
export function Select({
  component,
  guild,
  values,
  onChange,
  onCommit = () => {},
  disabled = false,
  busy = false,
  invalid = false,
  id = null,
  labelledBy = null,
}) {
  const { state } = usePageQuietly();
  const button = useRef(null);
  const opened = useRef(null);
  const [open, setOpen] = useState(false);
  const choices = choicesOf(component, guild, state.people);
  const chosen = values.map((value) => choices.find((choice) => choice.value === value)).filter(Boolean);
  const show = () => {
    if (busy) return;
    opened.current = values;
    setOpen(true);
  };
  const close = (latest) => {
    setOpen(false);
    const [least] = limits(component);
    const changed =
      latest.length !== opened.current.length || latest.some((value) => !opened.current.includes(value));
    if (!changed) return;
    if (latest.length < least) onChange(opened.current);
    else onCommit(latest);
  };
  const keys = (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    event.stopPropagation();
    show();
  };
  const placeholder = component.placeholder || "Make a choice";
  return html`<div class="select">
    <button type="button" ref=${button} id=${id} class=${`select-button${invalid ? " invalid" : ""}`} disabled=${disabled} aria-haspopup="listbox"
      aria-expanded=${open} aria-busy=${busy} aria-labelledby=${labelledBy && `${labelledBy} ${id}-chosen`} aria-label=${labelledBy ? null : [placeholder, ...chosen.map((choice) => choice.label)].join(", ")} onClick=${show} onKeyDown=${keys}>
      <span class="select-chosen" id=${id && `${id}-chosen`}>${chosen.length ? chosen.map((choice) => html`<${Chosen} key=${choice.value} choice=${choice} many=${limits(component)[1] > 1} />`) : html`<span class="select-placeholder">${placeholder}</span>`}</span>
      <${Icon} name="down" size=${16} />
    </button>
    ${
      open &&
      html`<${Choices} anchor=${button.current} component=${component} choices=${choices} values=${values} label=${placeholder}
      onChange=${onChange} onClose=${close} />`
    }
  </div>`;
}

function Chosen({ choice, many }) {
  return html`<span class=${many ? "select-chip" : "select-one"}><${Face} choice=${choice} size=${18} />${choice.label}</span>`;
}

function Face({ choice, size }) {
  if (choice.emoji) return html`<${Emoji} emoji=${choice.emoji} />`;
  if (choice.user) return html`<${Avatar} user=${choice.user} size=${size} />`;
  if (choice.channel) return html`<${Icon} name=${iconOf(choice.channel)} size=${16} />`;
  if (choice.role)
    return html`<span class="role-dot" style=${choice.colour ? { background: hex(choice.colour) } : null}></span>`;
  return null;
}

function Choices({ anchor, component, choices, values, label, onChange, onClose }) {
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(() =>
    Math.max(
      0,
      choices.findIndex((choice) => values.includes(choice.value)),
    ),
  );
  const latest = useRef(values);
  latest.current = values;
  const list = useRef(null);
  const id = useMemo(() => `choices-${(lists += 1)}`, []);
  const found = matching(choices, query);
  const [least, most] = limits(component);
  useEffect(() => list.current?.children[active]?.scrollIntoView({ block: "nearest" }), [active, query]);
  const press = (choice) => {
    if (!choice) return;
    const next = toggled(component, values, choice.value);
    latest.current = next;
    onChange(next);
    if (most === 1) list.current.closest("[popover]").hidePopover();
  };
  const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -Infinity, End: Infinity };
  const keys = (event) => {
    event.stopPropagation();
    if (event.key === "Enter") {
      event.preventDefault();
      press(found[active]);
    } else if (event.key in moves) {
      event.preventDefault();
      setActive((now) => Math.max(0, Math.min(found.length - 1, now + moves[event.key])));
    }
  };
  const search = (event) => {
    setQuery(event.target.value);
    setActive(0);
  };
  return html`<${Popover} anchor=${anchor} label=${label} onClose=${() => onClose(latest.current)} class="choices">
    <input class="choices-search" type="text" autofocus role="combobox" aria-expanded="true" aria-controls=${id} aria-autocomplete="list" autocomplete="off"
      aria-activedescendant=${found.length ? `${id}-${active}` : null} aria-label=${`Search: ${label}`} placeholder="Search" value=${query} onInput=${search} onKeyDown=${keys} />
    <ul ref=${list} id=${id} role="listbox" aria-label=${label} aria-multiselectable=${most > 1}>
      ${found.map(
        (
          choice,
          index,
        ) => html`<li key=${choice.value} id=${`${id}-${index}`} role="option" aria-selected=${values.includes(choice.value)}
          class=${index === active ? "active" : ""} onClick=${() => press(choice)} onPointerMove=${() => index !== active && setActive(index)}>
        <${Face} choice=${choice} size=${24} />
        <span class="choice-text"><span>${choice.label}</span>${choice.description && html`<small>${choice.description}</small>`}</span>
        ${values.includes(choice.value) && html`<${Icon} name="check" size=${16} />`}
      </li>`,
      )}
    </ul>
    ${found.length === 0 && html`<p class="choices-none" role="status">Nothing is called that.</p>`}
    ${most > 1 && html`<p class="choices-hint" role="status">${values.length} of ${least === most ? most : `${least} to ${most}`} chosen</p>`}
  <//>`;
}
