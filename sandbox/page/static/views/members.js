import { html } from "../html.js";
import { moveFocus } from "../keys.js";
import { memberGroups } from "../members.js";
import { displayName } from "../names.js";
import { Avatar, BotMark } from "./common.js";
import { usePage } from "./context.js";
import { showProfile } from "./profile.js";

/** Who is in the server, by standing. */
export function Members({ narrow }) {
  const { store } = usePage();
  const guild = store.guild();
  const show = (user, anchor) => {
    if (narrow) store.set({ side: null }); // the sheet would lie over the card
    showProfile(store, user, narrow ? document.querySelector(".header") : anchor);
  };
  if (!guild) return html`<p class="hint">Members belong to a server: open one.</p>`;
  return html`<div class="members" onKeyDown=${(event) => moveFocus(event, ".member")}>${memberGroups(
    guild,
  ).map(
    ({ title, members }) => html`<section key=${title}>
    <h3>${title} <small>${members.length}</small></h3>
    <ul>${members.map(
      (
        member,
      ) => html`<li key=${member.user.id}><button type="button" class="member" aria-haspopup="dialog" onClick=${(event) => show(member.user, event.currentTarget)}>
      <${Avatar} user=${member.user} size=${28} /><span class="nav-name">${displayName(member)}</span>${member.bot && html`<${BotMark} />`}
    </button></li>`,
    )}</ul>
  </section>`,
  )}</div>`;
}
