import { html, useLayoutEffect, useRef } from "../html.js";

/** Shows a dialog element in front of the page; returns what closes it and gives the focus back. */
export function showInFront(element) {
  const before = document.activeElement;
  element.showModal();
  return () => {
    element.close(); // first: while it is open, nothing behind it takes the focus
    (before?.isConnected ? before : document.querySelector(".composer textarea"))?.focus({
      preventScroll: true,
    });
  };
}

/**
 * Something in front of the page: keeps the focus inside, closes on Escape and on a click beside it, and gives the focus
 * back. `class` says where it stands: "hung" under the header, "drawer" at the left, "sheet", "palette", "box".
 */
export function Dialog({ label, class: kind = "box", onClose, children }) {
  const ref = useRef(null);
  useLayoutEffect(() => showInFront(ref.current), []);
  const cancel = (event) => {
    if (event.target !== ref.current) return;
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${ref} class=${`dialog ${kind}`} aria-label=${label} onCancel=${cancel}
    onClick=${(event) => event.target === ref.current && onClose()}><div class="dialog-body">${children}</div></dialog>`;
}

/** A dialog's heading with its close button. */
export function DialogHead({ title, onClose }) {
  return html`<header class="dialog-head"><h2>${title}</h2>
    <button type="button" class="text-button" onClick=${onClose}>Close</button></header>`;
}
