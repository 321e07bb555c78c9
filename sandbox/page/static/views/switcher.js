import { destinations, matches } from "../find.js";
import { html, useEffect, useMemo, useState } from "../html.js";
import { Avatar, Icon } from "./common.js";
import { usePage } from "./context.js";
import { Dialog } from "./dialog.js";

/** The quick switcher: type a part of a name, Enter goes there. */
export function Switcher({ onClose }) {
  const { state, store, actions } = usePage();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const items = useMemo(
    () => destinations(state),
    [state.guilds, state.direct, state.people, state.arrivals],
  );
  const found = matches(items, query);
  const chosen = Math.min(at, found.length - 1);
  const go = (item) => {
    onClose();
    if (item.kind === "person") actions.become(item.id);
    else actions.open(item.guildId, item.id);
  };
  const onKeyDown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setAt((chosen + step + found.length) % Math.max(1, found.length));
    } else if (event.key === "Enter" && found[chosen]) {
      event.preventDefault();
      go(found[chosen]);
    }
  };
  useEffect(() => document.getElementById(`to-${chosen}`)?.scrollIntoView({ block: "nearest" }), [chosen]);
  return html`<${Dialog} label="Go to" class="palette" onClose=${onClose}>
    <input autofocus role="combobox" aria-label="Go to a channel, thread, direct message or person" aria-expanded="true" aria-controls="destinations"
      aria-activedescendant=${found.length ? `to-${chosen}` : null} placeholder="Channel, thread, direct message, person …" autocomplete="off" value=${query}
      onInput=${(event) => {
        setQuery(event.target.value);
        setAt(0);
      }} onKeyDown=${onKeyDown} />
    <ul id="destinations" role="listbox" aria-label="Destinations">${found.map(
      (
        item,
        index,
      ) => html`<li key=${item.kind + item.id} id=${`to-${index}`} role="option" aria-selected=${String(index === chosen)} class="destination" onClick=${() => go(item)}>
      ${item.user ? html`<${Avatar} user=${item.user} size=${24} />` : html`<${Icon} name=${item.icon} />`}
      <span class=${`nav-name ${item.channel && store.unread(item.channel) ? "unread" : ""}`}>${item.label}</span><small>${item.detail}</small></li>`,
    )}</ul>
    ${found.length === 0 && html`<p class="hint" role="status">Nothing here is called that.</p>`}
  <//>`;
}
