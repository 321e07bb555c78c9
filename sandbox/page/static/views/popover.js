// A box beside what opened it, over everything else. The browser closes it on Escape or a click elsewhere.
import { html, useEffect, useLayoutEffect, useRef } from "../html.js";

const EDGE = 8; // pixels kept free around it

/** `anchor` is the element it belongs to; it gets the focus back. */
export function Popover({ anchor, onClose, label, class: extra = "", role = "dialog", children }) {
  const box = useRef(null);
  const close = useRef(onClose);
  close.current = onClose;
  useLayoutEffect(() => {
    const element = box.current;
    element.showPopover();
    place(element, anchor);
    const first = element.querySelector("[autofocus], input, button, [tabindex='0']");
    (first ?? element).focus({ preventScroll: true });
    const toggled = (event) => {
      if (event.newState !== "closed") return;
      if (element.contains(document.activeElement) || document.activeElement === document.body)
        anchor?.focus?.({ preventScroll: true });
      close.current();
    };
    element.addEventListener("toggle", toggled);
    return () => element.removeEventListener("toggle", toggled);
  }, [anchor]);
  useEffect(() => {
    const again = () => box.current && place(box.current, anchor);
    window.addEventListener("resize", again);
    return () => window.removeEventListener("resize", again);
  }, [anchor]);
  return html`<div ref=${box} popover="auto" role=${role} aria-label=${label} tabindex="-1" class=${`popover ${extra}`}>${children}</div>`;
}

function place(element, anchor) {
  const from = anchor?.getBoundingClientRect?.() ?? {
    left: EDGE,
    right: EDGE,
    top: EDGE,
    bottom: EDGE,
    width: 0,
  };
  const { offsetWidth: width, offsetHeight: height } = element;
  const below = window.innerHeight - from.bottom - EDGE;
  const top = below >= height || below >= from.top ? from.bottom + 4 : from.top - height - 4;
  element.style.left = `${Math.max(EDGE, Math.min(from.left, window.innerWidth - width - EDGE))}px`;
  element.style.top = `${Math.max(EDGE, Math.min(top, window.innerHeight - height - EDGE))}px`;
}
