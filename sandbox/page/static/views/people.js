// Who the page is looked at as, and how that is changed.
import { html, useState } from "../html.js";
import { moveFocus } from "../keys.js";
import { displayName } from "../names.js";
import { Avatar, Icon } from "./common.js";
import { usePage } from "./context.js";
import { Dialog, DialogHead } from "./dialog.js";

/** At the sidebar's bottom: whose eyes these are; opens the menu of members. */
export function ViewAsButton() {
  const { state, store } = usePage();
  const standing = standingOf(state, state.viewer);
  return html`<button type="button" class="view-as" aria-label=${`Viewing as ${displayName(state.viewer)}, ${standing}`} aria-haspopup="dialog" onClick=${() => store.set({ front: "people" })}>
    <${Avatar} user=${state.viewer} size=${36} />
    <span class="view-as-who"><span class="view-as-line"><small>Viewing as</small><span class="standing">${standing}</span></span><strong>${displayName(state.viewer)}</strong></span>
    <${Icon} name="down" size=${16} />
  </button>`;
}

function standingOf(state, user) {
  const here = state.guilds.get(state.place.guild)?.members.find((member) => member.user.id === user.id);
  return here?.standing ?? state.people.find((person) => person.id === user.id)?.standing ?? "in no server";
}

/** The menu of members to look as, and a form for somebody new. */
export function PeopleDialog({ onClose }) {
  const { state, actions } = usePage();
  const become = (id) => {
    onClose();
    if (id !== state.viewer.id) actions.become(id);
  };
  return html`<${Dialog} label="View as" class="people-menu" onClose=${onClose}>
    <${DialogHead} title="View as" onClose=${onClose} />
    <ul class="people-list" onKeyDown=${(event) => moveFocus(event, "button")}>
      ${state.people.map(
        (
          user,
        ) => html`<li key=${user.id}><button type="button" class="person" aria-current=${user.id === state.viewer.id ? "true" : null} onClick=${() => become(user.id)}>
        <${Avatar} user=${user} size=${36} />
        <span class="person-who"><strong>${displayName(user)}</strong><small>${homesOf(state, user)}</small></span>
        <span class="standing">${standingOf(state, user)}</span>
      </button></li>`,
      )}
    </ul>
    <${Newcomer} become=${become} />
  <//>`;
}

/** The servers a person is in, by the names the viewer knows. */
function homesOf(state, user) {
  const names = user.guild_ids.map((id) => state.guilds.get(id)?.name).filter(Boolean);
  const others = user.guild_ids.length - names.length;
  return [...names, others > 0 && `${others} other ${others === 1 ? "server" : "servers"}`]
    .filter(Boolean)
    .join(", ");
}

/** Lets somebody new join and looks at the page as them. */
export function Newcomer({ become }) {
  const { state, actions } = usePage();
  const [name, setName] = useState("");
  const [problem, setProblem] = useState("");
  const taken = state.people.some((user) => user.username === name.trim());
  const add = async (event) => {
    event.preventDefault();
    if (!name.trim()) return setProblem("Type a name first.");
    if (taken) return setProblem(`${name.trim()} is there already: choose another name.`);
    try {
      become(await actions.join(name.trim(), state.place.guild));
    } catch (error) {
      setProblem(error.message);
    }
  };
  return html`<form class="newcomer" onSubmit=${add}>
    <label for="newcomer">Somebody new joins ${state.guilds.get(state.place.guild)?.name ?? "the server"}</label>
    <div class="field-row"><input id="newcomer" value=${name} maxlength="32" placeholder="Their name" autocomplete="off" onInput=${(
      event,
    ) => {
      setName(event.target.value);
      setProblem("");
    }} />
      <button type="submit" class="button button-primary">Join</button></div>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
  </form>`;
}
