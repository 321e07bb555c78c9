// A searchable box of emoji. Keyboard: type to search, arrows to move, Enter to pick, Escape to close.
import { CATEGORIES, findEmoji, recentEmoji, rememberEmoji } from "../emoji.js";
import { html, useMemo, useRef, useState } from "../html.js";
import { Popover } from "./popover.js";

const COLUMNS = 8;
const STEPS = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS };

/** `onPick(character)` is called for each picked emoji, `onClose` once; `anchor` is the element it stands beside. */
export function EmojiPicker({ onPick, onClose, anchor = document.activeElement }) {
  const [query, setQuery] = useState("");
  const [beside] = useState(anchor);
  const box = useRef(null);
  const recent = useMemo(() => recentEmoji(localStorage), []);
  const groups = query.trim()
    ? [{ name: "Found", emoji: findEmoji(query) }]
    : [{ name: "Recent", emoji: recent }, ...CATEGORIES].filter((group) => group.emoji.length);
  const pick = (emoji) => {
    rememberEmoji(localStorage, emoji.character);
    onPick(emoji.character);
    box.current.closest("[popover]").hidePopover();
  };
  const keys = (event) => {
    event.stopPropagation();
    const buttons = [...box.current.querySelectorAll(".emoji-grid button")];
    const at = buttons.indexOf(document.activeElement);
    if (event.key === "Enter" && at < 0 && buttons.length) {
      event.preventDefault();
      buttons[0].click();
    } else if (event.key in STEPS && (at >= 0 || event.key === "ArrowDown")) {
      event.preventDefault();
      const next = at < 0 ? 0 : at + STEPS[event.key];
      (next < 0 ? box.current.querySelector("input") : (buttons[next] ?? buttons.at(-1)))?.focus();
    }
  };
  const jump = (name) =>
    box.current.querySelector(`[data-group="${name}"]`)?.scrollIntoView({ block: "start" });
  return html`<${Popover} anchor=${beside} onClose=${onClose} label="Choose an emoji" class="emoji-picker">
    <div ref=${box} class="emoji-box" onKeyDown=${keys}>
      <input type="search" autofocus aria-label="Search emoji" placeholder="Search emoji" autocomplete="off" value=${query} onInput=${(event) => setQuery(event.target.value)} />
      <div class="emoji-grid" tabindex="-1">
        ${groups.map(
          (group) => html`<section key=${group.name} data-group=${group.name} aria-label=${group.name}>
          <h3>${group.name}</h3>
          <div class="emoji-cells">${group.emoji.map(
            (
              emoji,
              index,
            ) => html`<button type="button" key=${emoji.character} tabindex=${index === 0 ? 0 : -1}
            aria-label=${emoji.words} title=${emoji.words} onClick=${() => pick(emoji)}>${emoji.character}</button>`,
          )}</div>
        </section>`,
        )}
        ${groups[0]?.name === "Found" && groups[0].emoji.length === 0 && html`<p class="choices-none" role="status">No emoji is called that.</p>`}
      </div>
      ${
        !query.trim() &&
        html`<nav class="emoji-groups" aria-label="Kinds of emoji">
        ${CATEGORIES.map((group) => html`<button type="button" key=${group.name} title=${group.name} aria-label=${group.name} onClick=${() => jump(group.name)}>${group.emoji[0].character}</button>`)}
      </nav>`
      }
    </div>
  <//>`;
}
