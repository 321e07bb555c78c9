import { html } from "../html.js";
import { hueOf, initials } from "../names.js";
import { usePage } from "./context.js";

/** The strip of servers. */
export function Rail() {
  const { state, actions } = usePage();
  return html`<nav class="rail" aria-label="Servers"><ul>
    ${[...state.guilds.values()].map((guild) => html`<li key=${guild.id}>
      <button type="button" class="rail-item" aria-current=${guild.id === state.place.guild ? "true" : null} title=${guild.name}
        onClick=${() => actions.open(guild.id, guild.channels[0]?.id ?? null)}><span class=${`rail-face hue-${hueOf(guild.id)}`}>${initials(guild.name)}</span></button>
    </li>`)}
  </ul></nav>`;
}
