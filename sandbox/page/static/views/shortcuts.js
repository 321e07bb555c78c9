import { openable } from "../channels.js";
import { useEffect } from "../html.js";
import { usePage } from "./context.js";

/** Ctrl or Cmd and K: the quick switcher. Alt and arrows: the next channel; with Shift the next unread one. */
export function useShortcuts() {
  const { store, actions } = usePage();
  useEffect(() => {
    const press = (event) => {
      if (store.state.modal || store.state.asking) return; // they want an answer first
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        store.set({ front: store.state.front === "switcher" ? null : "switcher" });
      }
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.altKey && step && !store.state.front) {
        event.preventDefault();
        const next = neighbour(store, step, event.shiftKey);
        if (next) actions.open(next.guild_id ?? null, next.id);
      }
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}

function neighbour(store, step, unread) {
  const { place, direct } = store.state;
  const all = place.direct ? direct : store.guild() ? openable(store.guild()) : [];
  const at = all.findIndex((channel) => channel.id === place.channel);
  for (let turn = 1; turn <= all.length; turn += 1) {
    const next = all[(((at + step * turn) % all.length) + all.length) % all.length];
    if (next.id !== place.channel && (!unread || store.unread(next))) return next;
  }
  return null;
}
