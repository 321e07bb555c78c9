import { TYPES } from "../channels.js";
import { html, useEffect, useRef } from "../html.js";
import { titleOf } from "../names.js";
import { Banner, Denied, Nobody, Waiting } from "./connection.js";
import { Page, usePage } from "./context.js";
import { Dialog } from "./dialog.js";
import { Forum } from "./forum.js";
import { Header } from "./header.js";
import { Modal } from "./modal.js";
import { PeopleDialog } from "./people.js";
import { Overlays } from "./overlays.js";
import { ProfileCard } from "./profile.js";
import { Rail } from "./rail.js";
import { Room } from "./room.js";
import { NARROW, PHONE, useMedia } from "./screen-size.js";
import { useShortcuts } from "./shortcuts.js";
import { Side, useSide } from "./side.js";
import { Sidebar } from "./sidebar.js";
import { Switcher } from "./switcher.js";
import { Toasts } from "./toasts.js";

export function App({ store, actions }) {
  return html`<${Page.Provider} value=${{ store, actions }}><${Shell} /><${Toasts} /><//>`;
}

function Shell() {
  const { state } = usePage();
  useTitle();
  if (state.connection === "denied") return html`<${Denied} />`;
  if (state.nobody) return html`<${Nobody} />`;
  return state.viewer ? html`<${Frame} />` : html`<${Waiting} />`;
}

function Frame() {
  const { state, store } = usePage();
  const phone = useMedia(PHONE);
  const narrow = useMedia(NARROW);
  const toggleSide = useSide(narrow);
  useShortcuts();
  useReload();
  const drawer = phone && state.front === "drawer";
  return html`<div class="shell">
    <${Banner} />
    ${!phone && html`<${Rail} /><${Sidebar} />`}
    <main class="main"><${Header} toggleSide=${toggleSide} /><${Place} /></main>
    ${state.side && html`<${Side} narrow=${narrow} onClose=${() => toggleSide(state.side)} />`}
    ${drawer && html`<${Dialog} label="Servers and channels" class="drawer" onClose=${() => store.set({ front: null })}><${Rail} /><${Sidebar} /><//>`}
    <${Fronts} />
    <${Overlays} /><${ProfileCard} /><${Modal} />
  </div>`;
}

/** What fills the middle: a room, a forum, or a word about why there is neither. */
function Place() {
  const { state, store } = usePage();
  const channel = store.channel(state.place.channel);
  if (!channel)
    return html`<div class="nothing"><p>${state.place.direct ? "Choose whom to write to." : "There is nothing to open here."}</p></div>`;
  if (channel.type === TYPES.FORUM) return html`<${Forum} key=${channel.id} forum=${channel} />`;
  return html`<${Room} key=${`${state.viewer.id} ${channel.id}`} channelId=${channel.id} />`;
}

/** The dialogs in front of the frame. */
function Fronts() {
  const { state, store } = usePage();
  const close = () => store.set({ front: null });
  if (state.front === "switcher") return html`<${Switcher} onClose=${close} />`;
  if (state.front === "people") return html`<${PeopleDialog} onClose=${close} />`;
  return null;
}

/** The document's title: unread mentions, where one is. */
function useTitle() {
  const { state, store } = usePage();
  const count = store.unreadMentions();
  const where = titleOf(store.channel(state.place.channel));
  const title = `${count ? `(${count}) ` : ""}${where ? `${where} · ` : ""}Sandbox`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}

/** Loads the open room again whenever everything came anew: after the line was cut, or through other eyes. */
function useReload() {
  const { state, store, actions } = usePage();
  const seen = useRef(state.arrivals);
  useEffect(() => {
    if (seen.current === state.arrivals) return;
    seen.current = state.arrivals;
    const channel = store.channel(state.place.channel);
    if (!channel || channel.type === TYPES.FORUM) return;
    const room = store.room(channel.id);
    const work = room.stale ? actions.refresh(channel.id) : actions.load(channel.id);
    work.catch(() => {}); // it is shown as a toast; coming back loads again
  }, [state.arrivals]);
}
