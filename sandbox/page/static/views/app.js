import { html } from "../html.js";
import { Page, usePage } from "./context.js";
import { Room } from "./room.js";
import { Sidebar } from "./sidebar.js";

export function App({ store, actions }) {
  return html`<${Page.Provider} value=${{ store, actions }}><${Shell} /><//>`;
}

function Shell() {
  const { state } = usePage();
  if (state.connection === "denied") return html`<p class="notice">Open the address that the terminal printed, with what comes after the #.</p>`;
  if (!state.viewer) return html`<p class="notice" role="status">Connecting …</p>`;
  return html`<div class="shell">
    <${Sidebar} />
    <main class="main">${state.place.channel && html`<${Room} key=${state.place.channel} channelId=${state.place.channel} />`}</main>
  </div>`;
}
