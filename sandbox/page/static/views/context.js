// How views reach the store and the actions, and are drawn again when the store changes.
import { createContext } from "preact";
import { useContext, useEffect, useReducer } from "preact/hooks";

export const Page = createContext(null);

/** Returns {store, state, actions}; the calling view is drawn again with every change. */
export function usePage() {
  const page = useContext(Page);
  const [, redraw] = useReducer((count) => count + 1, 0);
  useEffect(() => page.store.subscribe(redraw), [page]);
  return { ...page, state: page.store.state };
}

/** The same without being drawn again: for small parts of which there are many, drawn by what holds them. */
export function usePageQuietly() {
  const page = useContext(Page);
  return { ...page, state: page.store.state };
}
