// The list above a box: what could be meant by what is being typed. The box keeps the focus.
import { html, useEffect, useRef } from "../html.js";
import { iconName } from "../writing/icons.js";
import { Avatar, Icon } from "./common.js";

/** `items` are {label, detail?, user?, role?, channel?, emoji?, app?}; `active` is the index of the marked one. */
export function Suggestions({ id, label, items, active, onPick, onPoint, status }) {
  const list = useRef(null);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [active, items]);
  return html`<div class="suggestions">
    <p class="suggestions-title" aria-hidden="true">${label}</p>
    ${status && html`<p class="suggestions-status" role="status">${status}</p>`}
    <ul ref=${list} id=${id} role="listbox" aria-label=${label}>
      ${items.map(
        (
          item,
          index,
        ) => html`<li key=${item.key ?? item.token ?? String(item.value)} id=${`${id}-${index}`} role="option" aria-selected=${index === active}
        onMouseDown=${(event) => event.preventDefault()} onMouseMove=${() => index !== active && onPoint(index)} onClick=${() => onPick(item)}>
        <${Mark} item=${item} />
        <span class="suggestion-label">${item.label}</span>
        ${item.detail && html`<span class="suggestion-detail">${item.detail}</span>`}
        ${item.app && html`<span class="suggestion-app"><${Avatar} user=${item.app.bot} size=${16} />${item.app.name}</span>`}
      </li>`,
      )}
    </ul>
  </div>`;
}

function Mark({ item }) {
  if (item.user) return html`<${Avatar} user=${item.user} size=${24} />`;
  if (item.emoji) return html`<span class="suggestion-emoji" aria-hidden="true">${item.emoji}</span>`;
  const name = iconName(item);
  return name && html`<span class="suggestion-icon"><${Icon} name=${name} size=${16} /></span>`;
}

/** What the box has to say about its list, for those who hear it. */
export function comboboxProps(id, open, items, active) {
  return {
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": open,
    "aria-controls": open ? id : null,
    "aria-activedescendant": open && items[active] ? `${id}-${active}` : null,
  };
}

/** The index a key moves to, null when it doesn't move. */
export function moved(event, active, count) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !count) return null;
  if (event.key === "ArrowDown") return (active + 1) % count;
  if (event.key === "ArrowUp") return active > 0 ? active - 1 : count - 1;
  if (event.key === "PageDown") return Math.min(count - 1, active + 8);
  if (event.key === "PageUp") return Math.max(0, active - 8);
  return null;
}
