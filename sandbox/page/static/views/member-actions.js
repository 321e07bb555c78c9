// What can be done with a member: mention them, use an application on them.
import { html } from "../html.js";
import { displayName } from "../names.js";
import { menus, USER_MENU } from "../writing/commands.js";
import { changeDraft, draftOf } from "../writing/drafts.js";
import { writingIn } from "../writing/rights.js";
import { Icon } from "./common.js";
import { usePage } from "./context.js";
import { copy } from "./message-actions.js";

/** The buttons for a user's card; `onDone` is called before each acts. */
export function MemberActions({ user, onDone = () => {} }) {
  const page = usePage();
  return html`<div class="member-actions">
    ${memberItems(page, user).map((item) =>
      item.heading
        ? html`<p key=${item.heading} class="menu-heading">${item.heading}</p>`
        : html`<button key=${item.label} type="button" onClick=${() => {
            onDone();
            item.onPick();
          }}>
      <${Icon} name=${item.icon} size=${16} /> ${item.label}${item.hint && html` <small>${item.hint}</small>`}
    </button>`,
    )}
  </div>`;
}

function memberItems(page, user) {
  const { store, state, actions } = page;
  const channel = store.channel(state.place.channel);
  const apps = menus(state.commands.get(channel?.id) ?? [], USER_MENU);
  const run = (command) => () =>
    actions.menu(command.name, user.id, channel.id, command.application.id, USER_MENU).catch(() => {});
  const writes = channel && writingIn(channel).allowed;
  return [
    writes && { label: "Mention", icon: "at", onPick: () => mention(store, channel, user) },
    { label: "Copy user id", icon: "copy", onPick: () => copy(store, user.id, "User id") },
    apps.length > 0 && { heading: "Apps" },
    ...apps.map((command) => ({
      label: command.name,
      hint: command.application.name,
      icon: "bot",
      onPick: run(command),
    })),
  ].filter(Boolean);
}

function mention(store, channel, user) {
  const draft = draftOf(store, channel.id);
  const shown = `@${displayName(store.member(user.id) ?? user)}`;
  const gap = !draft.text || /\s$/.test(draft.text) ? "" : " ";
  changeDraft(store, channel.id, {
    text: `${draft.text}${gap}${shown} `,
    picks: [...draft.picks, { shown, token: `<@${user.id}>` }],
  });
  document.querySelector(".composer textarea")?.focus();
}
