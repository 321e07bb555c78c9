import { html } from "../html.js";
import { usePage } from "./context.js";

export function Sidebar() {
  const { state, store, actions } = usePage();
  const guild = store.guild();
  return html`<nav class="sidebar" aria-label="Channels">
    <h2>${guild?.name}</h2>
    <ul>
      ${guild?.channels.map((channel) => html`<li key=${channel.id}>
        <button aria-current=${channel.id === state.place.channel} onClick=${() => actions.open(guild.id, channel.id)}># ${channel.name}</button>
      </li>`)}
    </ul>
    <label>View as <select value=${state.viewer.id} onChange=${(event) => actions.become(event.target.value)}>
      ${state.people.map((user) => html`<option value=${user.id}>${user.global_name ?? user.username} (${user.standing})</option>`)}
    </select></label>
  </nav>`;
}
