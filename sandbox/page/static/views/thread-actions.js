// What can be done with a channel or thread as a whole.
import { html } from "../html.js";
import { startRights, threadRights } from "../writing/rights.js";
import { IconButton } from "./common.js";
import { usePage } from "./context.js";
import { openMenu } from "./menu.js";
import { copy } from "./message-actions.js";

/** A button that opens the menu of a channel or thread, for its header. */
export function ChannelActions({ channel }) {
  const page = usePage();
  const open = (event) =>
    openMenu(page.store, channel.name ?? "Channel", channelItems(page, channel), event.currentTarget);
  return html`<${IconButton} icon="more" label="Channel actions" aria-haspopup="menu" onClick=${open} />`;
}

/** Everything the viewer may do with a channel or thread, for its menu. */
function channelItems(page, channel) {
  const { store, state, actions } = page;
  const rights = threadRights(channel, state.viewer.id);
  const start = startRights(channel);
  const change = (changes) => () => actions.editThread(channel.id, changes).catch(() => {});
  const join = (joins) => () => actions.joinThread(channel.id, joins).catch(() => {});
  const items = [
    (start.public || start.private) && {
      label: "New thread",
      icon: "thread",
      onPick: () => store.set({ asking: { kind: "thread", channel } }),
    },
    rights.join && { label: "Join the thread", icon: "plus", onPick: join(true) },
    rights.leave && { label: "Leave the thread", icon: "minus", onPick: join(false) },
    rights.rename && {
      label: "Rename",
      icon: "edit",
      onPick: () => store.set({ asking: { kind: "rename", channel } }),
    },
    rights.archive && { label: "Archive", icon: "archive", onPick: change({ archived: true }) },
    rights.unarchive && { label: "Reopen", icon: "archive", onPick: change({ archived: false }) },
    rights.lock && { label: "Lock", icon: "lock", onPick: change({ locked: true }) },
    rights.unlock && { label: "Unlock", icon: "lock", onPick: change({ locked: false }) },
    { label: "Copy id", icon: "copy", onPick: () => copy(store, channel.id, "Id") },
    rights.remove && { line: true },
    rights.remove && {
      label: "Delete the thread",
      icon: "trash",
      bad: true,
      onPick: () => store.set({ asking: { kind: "removeThread", channel } }),
    },
  ];
  return items.filter(Boolean);
}
