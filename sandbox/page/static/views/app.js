import { html } from "../html.js";
import { Page, usePage } from "./context.js";
import { Header } from "./header.js";
import { Rail } from "./rail.js";
import { Room } from "./room.js";
import { Sidebar } from "./sidebar.js";

export function App({ store, actions }) {
  return html`<${Page.Provider} value=${{ store, actions }}><${Shell} /><//>`;
}

function Shell() {
  const { state } = usePage();
  if (state.connection === "denied") return html`<p class="notice">Open the address that the terminal printed, with what comes after the #.</p>`;
  if (!state.viewer) return html`<p class="notice" role="status">Connecting …</p>`;
  const { channel } = state.place;
  return html`<div class="shell">
    <${Rail} />
    <${Sidebar} />
    <main class="main">
      <${Header} />
      ${channel && html`<${Room} key=${channel} channelId=${channel} />`}
    </main>
  </div>`;
}
