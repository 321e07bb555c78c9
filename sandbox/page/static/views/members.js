import { html } from "../html.js";
import { moveFocus } from "../keys.js";
import { memberGroups, rolesOf } from "../members.js";
import { displayName } from "../names.js";
import { Avatar, BotMark, Time } from "./common.js";
import { usePage } from "./context.js";
import { Dialog, DialogHead } from "./dialog.js";

/** Who is in the server, by standing. */
export function Members() {
  const { store } = usePage();
  const guild = store.guild();
  if (!guild) return html`<p class="hint">Members belong to a server: open one.</p>`;
  return html`<div class="members" onKeyDown=${(event) => moveFocus(event, ".member")}>${memberGroups(guild).map(({ title, members }) => html`<section key=${title}>
    <h3>${title} <small>${members.length}</small></h3>
    <ul>${members.map((member) => html`<li key=${member.user.id}><button type="button" class="member" aria-haspopup="dialog" onClick=${() => store.set({ front: { member: member.user.id } })}>
      <${Avatar} user=${member.user} size=${28} /><span class="nav-name">${displayName(member)}</span>${member.bot && html`<${BotMark} />`}
    </button></li>`)}</ul>
  </section>`)}</div>`;
}

/** One member: names, roles, since when; and what can be done with them. */
export function MemberDialog({ userId, onClose }) {
  const { state, store, actions } = usePage();
  const member = store.member(userId);
  if (!member) return null;
  const playable = state.people.some((user) => user.id === userId) && userId !== state.viewer.id;
  const then = (act) => () => {
    onClose();
    act();
  };
  return html`<${Dialog} label=${displayName(member)} class="box" onClose=${onClose}>
    <${DialogHead} title=${displayName(member)} onClose=${onClose} />
    <div class="profile"><${Avatar} user=${member.user} size=${64} />
      <div><strong>${displayName(member)}</strong> ${member.bot && html`<${BotMark} />`}<div class="dim">@${member.user.username}</div>
      <div class="dim">Joined <${Time} iso=${member.joined_at} style="R" /></div></div></div>
    <ul class="tags">${rolesOf(store.guild(), member).map((role) => html`<li class="chip" key=${role.id}>${role.name}</li>`)}</ul>
    <div class="field-row">
      ${playable && html`<button type="button" class="button" onClick=${then(() => actions.become(userId))}>View as ${displayName(member)}</button>`}
      ${member.application && html`<button type="button" class="button" onClick=${then(() => actions.openDirect(userId).catch(() => {}))}>Write a direct message</button>`}
    </div>
  <//>`;
}
