import { html, useCallback, useEffect, useLayoutEffect } from "../html.js";
import { IconButton } from "./common.js";
import { usePage } from "./context.js";
import { Dialog } from "./dialog.js";
import { Members } from "./members.js";
import { Notes } from "./notes.js";

const KEY = "side";
const TITLES = { notes: "What the bot noted", members: "Members" };

/** Keeps what stands at the right: remembered on wide screens, closed at first on narrow ones. Returns the switch. */
export function useSide(narrow) {
  const { state, store } = usePage();
  useLayoutEffect(() => {
    const kept = localStorage.getItem(KEY) ?? "notes";
    store.set({ side: narrow || !(kept in TITLES) ? null : kept });
  }, [narrow]);
  useEffect(() => {
    if (state.selected && state.side !== "notes") store.set({ side: "notes" });
  }, [state.selected]);
  return useCallback(
    (name) => {
      const side = store.state.side === name ? null : name;
      if (!narrow) localStorage.setItem(KEY, side ?? "none");
      store.set(side === "notes" ? { side } : { side, selected: null });
    },
    [narrow],
  );
}

/** The column at the right; on narrow screens a sheet over the room. */
export function Side({ narrow, onClose }) {
  const { state } = usePage();
  const title = TITLES[state.side];
  const inner = html`<header class="side-head"><h2>${title}</h2><${IconButton} icon="close" size=${16} label="Close" onClick=${onClose} /></header>
    <div class="side-body">${state.side === "members" ? html`<${Members} narrow=${narrow} />` : html`<${Notes} />`}</div>`;
  if (narrow) return html`<${Dialog} label=${title} class="sheet" onClose=${onClose}>${inner}<//>`;
  return html`<aside class="side" aria-label=${title}>${inner}</aside>`;
}
