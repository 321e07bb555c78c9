import { html, useEffect, useRef, useState } from "../html.js";
import { IconButton } from "./common.js";
import { usePage } from "./context.js";

const SHOWN_MS = 6000;
const MOST = 4;

/** Short messages at the edge: failures stay until they are closed, the others go by themselves. */
export function Toasts() {
  const { state } = usePage();
  const [toasts, setToasts] = useState([]);
  const ref = useRef(null);
  const close = (toast) => setToasts((all) => all.filter((item) => item !== toast));
  useEffect(() => {
    const { toast } = state;
    if (!toast) return;
    setToasts((all) => [...all.filter((item) => item.text !== toast.text), toast].slice(-MOST));
    if (toast.tone !== "bad") setTimeout(() => close(toast), SHOWN_MS);
  }, [state.toast]);
  useEffect(() => {
    // Shown again each time, so that it lies over a dialog that was opened since.
    ref.current.hidePopover();
    if (toasts.length) ref.current.showPopover();
  }, [toasts]);
  return html`<div class="toasts" ref=${ref} popover="manual">
    <div role="status">${toasts.filter((toast) => toast.tone !== "bad").map((toast) => html`<${Toast} key=${toast.text} toast=${toast} onClose=${close} />`)}</div>
    <div role="alert">${toasts.filter((toast) => toast.tone === "bad").map((toast) => html`<${Toast} key=${toast.text} toast=${toast} onClose=${close} />`)}</div>
  </div>`;
}

function Toast({ toast, onClose }) {
  return html`<div class=${`toast ${toast.tone ?? "info"}`}><span>${toast.text}</span><${IconButton} icon="close" size=${16} label="Dismiss" onClick=${() => onClose(toast)} /></div>`;
}
