import { html } from "../html.js";
import { usePage } from "./context.js";

/** What stands over a room: its name. */
export function Header() {
  const { state, store } = usePage();
  const channel = store.channel(state.place.channel);
  return html`<header class="header"><h1>${channel?.name}</h1></header>`;
}
