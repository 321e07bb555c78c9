// The small card about somebody, beside what was pressed.
import { hex, roleColour, textColour } from "../colours.js";
import { html } from "../html.js";
import { displayName } from "../names.js";
import { madeAt } from "../times.js";
import { Avatar, BotMark, Icon, Time } from "./common.js";
import { usePage } from "./context.js";
import { MemberActions } from "./member-actions.js";
import { Popover } from "./popover.js";

/** Opens the card about a user, as `state.profile`. */
export function showProfile(store, user, anchor) {
  store.set({ profile: { user, anchor } });
}

/** Mounted once: shows `state.profile`. */
export function ProfileCard() {
  const { state, store, actions } = usePage();
  if (!state.profile) return null;
  const { user, anchor } = state.profile;
  const guild = store.guild();
  const member = guild?.members.find((item) => item.user.id === user.id);
  const roles = (guild?.roles ?? [])
    .filter((role) => member?.roles.includes(role.id))
    .sort((a, b) => b.position - a.position);
  const style = textColour(roleColour(guild, member?.roles));
  const close = () => store.set({ profile: null });
  return html`<${Popover} key=${user.id} anchor=${anchor} onClose=${close} label=${`About ${displayName(member ?? user)}`} class="profile">
    <div class="profile-head">
      <${Avatar} user=${user} size=${64} />
      <div>
        <p class=${`profile-name${style ? " coloured" : ""}`} style=${style}>${displayName(member ?? user)}</p>
        <p class="profile-username">${user.username} ${user.bot && html`<${BotMark} />`}</p>
      </div>
    </div>
    <dl class="profile-facts">
      ${member?.joined_at && html`<dt>Joined</dt><dd><${Time} iso=${member.joined_at} style="D" /></dd>`}
      <dt>Account made</dt><dd><${Time} iso=${madeAt(user.id).toISOString()} style="D" /></dd>
      ${guild?.owner_id === user.id && html`<dt>Owner</dt><dd>of this server</dd>`}
    </dl>
    ${
      roles.length > 0 &&
      html`<ul class="profile-roles" aria-label="Roles">
      ${roles.map((role) => html`<li key=${role.id}><span class="role-dot" style=${role.color ? { background: hex(role.color) } : null}></span>${role.name}</li>`)}
    </ul>`
    }
    ${
      canView(state, user) &&
      html`<button type="button" class="button" onClick=${() => {
        close();
        actions.become(user.id);
      }}>
      <${Icon} name="eye" size=${16} /> Look at the page as ${displayName(user)}
    </button>`
    }
    ${
      member?.application &&
      html`<button type="button" class="button" onClick=${() => {
        close();
        actions.openDirect(user.id).catch(() => {});
      }}>
      <${Icon} name="at" size=${16} /> Write a direct message
    </button>`
    }
    <${MemberActions} user=${user} onDone=${close} />
  <//>`;
}

function canView(state, user) {
  return user.id !== state.viewer.id && state.people.some((person) => person.id === user.id);
}
