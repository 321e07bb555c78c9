// Commands on their way: waiting for the application, failed, or of unknown fate.
import { html, useEffect, useReducer } from "../html.js";
import { Icon, IconButton } from "./common.js";
import { usePage } from "./context.js";

const SHOW_AFTER_MS = 300; // quicker answers need no word
const UNKNOWN_AFTER_MS = 6_000; // the application has three seconds
const SHOWN = ["slash", "menu"];

export function Pending({ channelId }) {
  const { state, store } = usePage();
  const [, redraw] = useReducer((count) => count + 1, 0);
  const all = [...state.interactions.values()].filter(
    (item) => SHOWN.includes(item.op) && item.channel_id === channelId,
  );
  const open = all.filter((item) => item.state !== "answered");
  const waiting = open.some((item) => item.state === "pending");
  useEffect(() => {
    if (!waiting) return undefined;
    const timer = setInterval(redraw, SHOW_AFTER_MS);
    return () => clearInterval(timer);
  }, [waiting]);
  const shown = open.filter(
    (item) => item.state !== "pending" || store.now() - item.started >= SHOW_AFTER_MS,
  );
  if (!shown.length) return null;
  return html`<ul class="pending" aria-live="polite">${shown.map((item) => html`<${Row} key=${item.id} item=${item} />`)}</ul>`;
}

function Row({ item }) {
  const { store, actions } = usePage();
  const who = item.application?.name ?? item.appName ?? "The application";
  const unknown = item.state === "pending" && store.now() - item.started >= UNKNOWN_AFTER_MS;
  if (item.state === "pending" && !unknown) {
    return html`<li class="pending-row"><span class="typing-dots" aria-hidden="true"><i></i><i></i><i></i></span> Waiting for ${who} to answer <b>${item.label}</b> …</li>`;
  }
  const text = unknown
    ? `It is not known what became of this: ${who} has not been heard of.`
    : `${who} did not respond in time.`;
  return html`<li class=${`pending-row ${unknown ? "unknown" : "failed"}`}>
    <${Icon} name="warn" size=${16} /> <span><b>${item.label}</b> ${text}</span>
    <button type="button" class="text-button" onClick=${() => actions.again(item).catch(() => {})}>Try again</button>
    <${IconButton} icon="close" size=${16} label="Dismiss" onClick=${() => actions.forget(item.id)} />
  </li>`;
}
