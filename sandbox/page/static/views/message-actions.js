// What can be done with a message: a few buttons on it, and everything in its menu.
import { html } from "../html.js";
import { displayName } from "../names.js";
import { MESSAGE_MENU, menus } from "../writing/commands.js";
import { messageRights } from "../writing/rights.js";
import { IconButton } from "./common.js";
import { usePage } from "./context.js";
import { openMenu } from "./menu.js";

const QUICK = ["👍", "❤️", "😂", "🎉", "👀", "✅"];
const LONG_PRESS_MS = 500;

/** The buttons over a message; they show on hover and with the keyboard. One stop for Tab, arrows go on from there. */
export function MessageActions({ message }) {
  const page = usePage();
  const { store, state, actions } = page;
  const channel = store.channel(message.channel_id);
  if (!channel || state.editing === message.id) return null;
  const rights = messageRights(message, channel, state.viewer.id);
  const more = (event) => openMenu(store, "Message", messageItems(page, message), event.currentTarget);
  const buttons = [
    rights.react && {
      icon: "smile",
      label: "Add a reaction",
      "aria-haspopup": "dialog",
      onClick: (event) => pickReaction(page, message, event.currentTarget),
    },
    rights.edit && { icon: "edit", label: "Edit", onClick: () => store.set({ editing: message.id }) },
    rights.reply && { icon: "reply", label: "Reply", onClick: () => reply(store, message) },
    rights.startThread && {
      icon: "thread",
      label: "Start a thread",
      onClick: () => store.set({ asking: { kind: "thread", message, channel } }),
    },
    rights.openThread && {
      icon: "thread",
      label: "Open the thread",
      onClick: () => actions.openThread(message.thread),
    },
    { icon: "more", label: "More", onClick: more, "aria-haspopup": "menu" },
  ].filter(Boolean);
  return html`<div class="message-actions" role="toolbar" aria-label=${`Message by ${displayName(message)}`} onKeyDown=${walk}>
    ${buttons.map((button, index) => html`<${IconButton} key=${button.icon} size=${18} tabindex=${index === 0 ? "0" : "-1"} ...${button} />`)}
  </div>`;
}

function walk(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const buttons = [...event.currentTarget.querySelectorAll("button")];
  const at = buttons.indexOf(document.activeElement);
  buttons[(at + step + buttons.length) % buttons.length].focus();
  event.preventDefault();
}

export function reply(store, message) {
  store.set({ reply: message, pingReply: message.author.id !== store.state.viewer.id, editing: null });
}

function pickReaction({ store, actions }, message, anchor) {
  store.set({
    picking: { anchor, onPick: (emoji) => actions.react(message.id, emoji, true).catch(() => {}) },
  });
}

function quick({ actions }, message) {
  const mine = (face) => message.reactions?.some((item) => item.me && item.emoji.name === face);
  return {
    quick: QUICK.map((face) => ({
      face,
      label: `${mine(face) ? "Take back" : "React with"} ${face}`,
      onPick: () => actions.react(message.id, face, !mine(face)).catch(() => {}),
    })),
  };
}

/** Everything the viewer may do with a message, for its menu. */
function messageItems(page, message) {
  const { store, state, actions } = page;
  const channel = store.channel(message.channel_id);
  const rights = messageRights(message, channel, state.viewer.id);
  const quiet = (promise) => promise.catch(() => {}); // it was shown as a toast
  const items = [
    rights.react && quick(page, message),
    rights.react && {
      label: "Other reaction",
      icon: "smile",
      onPick: () => pickReaction(page, message, document.querySelector(`[data-id="${message.id}"]`)),
    },
    rights.react && { line: true },
    rights.reply && { label: "Reply", icon: "reply", onPick: () => reply(store, message) },
    rights.edit && { label: "Edit", icon: "edit", onPick: () => store.set({ editing: message.id }) },
    rights.startThread && {
      label: "Start a thread",
      icon: "thread",
      onPick: () => store.set({ asking: { kind: "thread", message, channel } }),
    },
    rights.openThread && {
      label: "Open the thread",
      icon: "thread",
      onPick: () => actions.openThread(message.thread),
    },
    rights.pin && {
      label: message.pinned ? "Unpin" : "Pin",
      icon: "pin",
      onPick: () => quiet(actions.pin(message.id, !message.pinned)),
    },
    message.note && {
      label: "What the bot decided",
      icon: "note",
      onPick: () => store.set({ selected: message.id, side: "notes" }),
    },
    { line: true },
    message.content && {
      label: "Copy text",
      icon: "copy",
      onPick: () => copy(store, message.content, "Text"),
    },
    { label: "Copy link", icon: "link", onPick: () => copy(store, linkTo(message), "Link") },
    { label: "Copy message id", icon: "copy", onPick: () => copy(store, message.id, "Message id") },
    ...(rights.apps ? appItems(page, message) : []),
    rights.remove && { line: true },
    rights.remove && {
      label: "Delete",
      icon: "trash",
      bad: true,
      hint: "Shift: at once",
      onPick: (event) => remove(page, message, event.shiftKey),
    },
  ];
  return items.filter(Boolean);
}

function appItems({ state, actions }, message) {
  const found = menus(state.commands.get(message.channel_id) ?? [], MESSAGE_MENU);
  if (!found.length) return [];
  const run = (command) =>
    actions
      .menu(command.name, message.id, message.channel_id, command.application.id, MESSAGE_MENU)
      .catch(() => {});
  return [
    { line: true },
    { heading: "Apps" },
    ...found.map((command) => ({
      label: command.name,
      hint: command.application.name,
      icon: "bot",
      onPick: () => run(command),
    })),
  ];
}

export function remove({ store, actions }, message, atOnce) {
  if (atOnce) actions.remove(message.id).catch(() => {});
  else store.set({ asking: { kind: "delete", message } });
}

function linkTo(message) {
  return `https://discord.com/channels/${message.guild_id ?? "@me"}/${message.channel_id}/${message.id}`;
}

export async function copy(store, text, what) {
  try {
    await navigator.clipboard.writeText(text);
    store.set({ toast: { tone: "good", text: `${what} copied.` } });
  } catch {
    store.set({
      toast: {
        tone: "bad",
        text: "The browser did not let the page copy. Select the text and copy it yourself.",
      },
    });
  }
}

/** Opens the menu of the message an event happened on: right click, the menu key, Shift+F10, or a long press. */
export function listenForMenus(page) {
  const { store } = page;
  let timer = null;
  let held = false; // the menu was opened by the finger that still is on the screen
  const open = (element, at) => {
    const message = store.message(element.closest("[data-id]")?.dataset.id ?? "");
    if (message) openMenu(store, "Message", messageItems(page, message), at ?? element);
    return Boolean(message);
  };
  const context = (event) => {
    if (held) return event.preventDefault();
    if (event.shiftKey || event.target.closest?.("a, input, textarea, img, dialog") || String(getSelection()))
      return;
    const byKey = event.clientX === 0 && event.clientY === 0;
    if (
      event.target.closest?.("[data-id]") &&
      open(event.target, byKey ? null : { x: event.clientX, y: event.clientY })
    )
      event.preventDefault();
  };
  const press = (event) => {
    const [touch] = event.touches;
    const { target } = event;
    clearTimeout(timer);
    held = false;
    if (event.touches.length === 1 && !target.closest?.("a, button, input, textarea"))
      timer = setTimeout(() => {
        held = open(target, { x: touch.clientX, y: touch.clientY });
      }, LONG_PRESS_MS);
  };
  /** Lifting the finger is no click: that would close the menu, or pick what came to lie under it. */
  const stop = (event) => {
    clearTimeout(timer);
    if (held && event.type === "touchend") event.preventDefault();
    if (event.type !== "touchmove") held = false;
  };
  const listeners = {
    contextmenu: context,
    touchstart: press,
    touchend: stop,
    touchmove: stop,
    touchcancel: stop,
  };
  for (const [name, listener] of Object.entries(listeners))
    document.addEventListener(name, listener, { passive: name !== "contextmenu" && name !== "touchend" });
  return () => {
    clearTimeout(timer);
    for (const [name, listener] of Object.entries(listeners)) document.removeEventListener(name, listener);
  };
}
