// What is shown when the sandbox can't be reached, won't let one in, or is empty.
import { html } from "../html.js";
import { usePage } from "./context.js";
import { Newcomer } from "./people.js";

/** Over the page, while the line is cut. */
export function Banner() {
  const { state, actions } = usePage();
  if (state.connection !== "lost" && state.connection !== "gone") return null;
  const text =
    state.connection === "lost"
      ? "The line to the sandbox was cut. Reconnecting …"
      : "The sandbox does not answer. If it has ended, start it again and open the address it prints.";
  return html`<div class="banner" role="status"><span>${text}</span><button type="button" class="text-button" onClick=${() => actions.retry()}>Try now</button></div>`;
}

/** Instead of the page: no or a wrong token. */
export function Denied() {
  return html`<div class="notice" role="alert"><h1>This address opens nothing</h1>
    <p>Open the address that the terminal printed, with what comes after the <code>#</code>: it is the key.</p>
    <p class="dim">A sandbox that was started again has a new one.</p></div>`;
}

/** Instead of the page, until the first answer. */
export function Waiting() {
  const { state, actions } = usePage();
  if (state.connection === "connecting" || state.connection === "open")
    return html`<div class="notice" role="status">Connecting …</div>`;
  return html`<div class="notice" role="status"><h1>The sandbox does not answer</h1><p>Is it still running? Start it again and open the address it prints.</p>
    <button type="button" class="button button-primary" onClick=${() => actions.retry()}>Try now</button></div>`;
}

/** Instead of the page: a sandbox without any member. */
export function Nobody() {
  const { actions } = usePage();
  return html`<div class="notice"><h1>Nobody is here yet</h1><p>The page is looked at as one of a server's members. Let somebody join, here or by the operation <code>member</code>.</p>
    <${Newcomer} become=${(id) => actions.become(id)} /></div>`;
}
