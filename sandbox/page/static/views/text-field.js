// A text box that grows, and offers names while they are typed.
import { html, useLayoutEffect, useRef, useState } from "../html.js";
import { insert, suggestions, triggerAt } from "../writing/mentions.js";
import { comboboxProps, moved, Suggestions } from "./suggestions.js";

const TITLES = { "@": "Members and roles", "#": "Channels and threads", ":": "Emoji" };

/**
 * `value` is {text, picks}. `offer(text)` may offer a list of its own: {label, items, onPick, status}; `onKey` sees keys
 * first when no list is open and says by `true` that it took one; `field` gets the element.
 */
export function TextField({ id, value, world, onChange, offer, onKey, field, label, emoji, ...more }) {
  const own = useRef(null);
  const box = field ?? own;
  const caretNext = useRef(null);
  const [caret, setCaret] = useState(0);
  const [active, setActive] = useState(0);
  const [closedAt, setClosedAt] = useState(null);
  const list =
    closedAt === value.text ? null : (offer?.(value.text) ?? named(value.text, caret, world, emoji));
  const items = list?.items ?? [];
  const open = Boolean(list) && (items.length > 0 || Boolean(list.status));
  const marked = Math.min(active, Math.max(0, items.length - 1));

  useLayoutEffect(() => grow(box.current), [value.text]);
  useLayoutEffect(() => {
    if (caretNext.current === null) return;
    box.current.setSelectionRange(caretNext.current, caretNext.current);
    setCaret(caretNext.current);
    caretNext.current = null;
  }, [value.text]);

  const look = () => setCaret(box.current.selectionStart);
  const pick = (item) => {
    setActive(0);
    if (list.onPick) return list.onPick(item);
    const done = insert(value.text, list.trigger, item.shown);
    caretNext.current = done.caret;
    const picks = item.token
      ? [
          ...value.picks.filter((known) => known.shown !== item.shown),
          { shown: item.shown, token: item.token },
        ]
      : value.picks;
    return onChange({ text: done.text, picks });
  };
  const keyDown = (event) => {
    if (event.isComposing) return;
    if (open && listKey(event, { items, marked, pick, setActive, close: () => setClosedAt(value.text) }))
      event.preventDefault();
    else if (onKey?.(event)) event.preventDefault();
  };
  return html`<div class="text-field">
    ${open && html`<${Suggestions} id=${`${id}-list`} label=${list.label} items=${items} active=${marked} onPick=${pick} onPoint=${setActive} status=${list.status} />`}
    <textarea ref=${box} id=${id} rows="1" aria-label=${label} ...${comboboxProps(`${id}-list`, open, items, marked)} ...${more}
      value=${value.text}
      onInput=${(event) => {
        setActive(0);
        setClosedAt(null);
        setCaret(event.target.selectionStart);
        onChange({ text: event.target.value, picks: value.picks });
      }}
      onKeyDown=${keyDown} onKeyUp=${look} onClick=${look}></textarea>
  </div>`;
}

function named(text, caret, world, emoji) {
  const trigger = triggerAt(text, Math.min(caret, text.length));
  if (!trigger) return null;
  const items = trigger.kind === ":" ? (emoji?.(trigger.query) ?? []) : suggestions(trigger, world);
  return items.length ? { label: TITLES[trigger.kind], items, trigger } : null;
}

/** Keys of an open list: says whether it took this one. */
function listKey(event, { items, marked, pick, setActive, close }) {
  const next = moved(event, marked, items.length);
  if (next !== null) setActive(next);
  else if (event.key === "Escape") {
    event.stopPropagation();
    close();
  } else if ((event.key === "Tab" || event.key === "Enter") && !event.shiftKey && items[marked])
    pick(items[marked]);
  else return false;
  return true;
}

function grow(element) {
  element.style.height = "auto";
  element.style.height = `${element.scrollHeight}px`;
}
