import { useEffect, useState } from "../html.js";

/** Whether a media query holds, kept current. */
export function useMedia(query) {
  const [holds, setHolds] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const list = window.matchMedia(query);
    const look = () => setHolds(list.matches);
    look();
    list.addEventListener("change", look);
    return () => list.removeEventListener("change", look);
  }, [query]);
  return holds;
}

export const PHONE = "(max-width: 720px)";
export const NARROW = "(max-width: 980px)";
