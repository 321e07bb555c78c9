// The messages of a room: a window of them is in the page, the rest is fetched and drawn when it is scrolled to.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../html.js";
import { mentionsViewer } from "../store.js";
import { around, moved, timeline, windowOf } from "../timeline.js";
import { Icon, Time } from "./common.js";
import { usePage } from "./context.js";
import { Message } from "./message.js";
import { focusNeighbour, isBusy, nearest } from "./message-keys.js";
import { Beginning, Skeleton } from "./room-parts.js";

const START = 80; // messages drawn at first
const STEP = 60; // more with each time the edge is reached
const LIMIT = 300; // at most in the page
const EDGE = 600; // pixels
const AT_BOTTOM = 40; // pixels
const FLASH_MS = 1800;
const MOST_LOADS = 40; // screens fetched to find a message that is jumped to
const TOO_FAR = "That message is not here any more, or too far back to go to.";
const NEWEST = { first: null, last: null };

export function MessageList({ channel }) {
  const page = usePage();
  const { state, store, actions } = page;
  const room = store.room(channel.id);
  const { messages } = room;
  const [shown, setShown] = useState(NEWEST);
  const [stuck, setStuck] = useState(true);
  const [marks, setMarks] = useState({ active: null, focused: null, flashed: null });
  const [since, setSince] = useState(state.since);
  const [seen, setSeen] = useState(null);
  const box = useRef(null);
  const anchor = useRef(null); // what stays where it is: {id, offset}
  const goal = useRef(null); // what is to be shown next, as an anchor
  const bottom = useRef(0); // scrollTop when the newest message was last put in view
  const [from, to] = windowOf(messages, shown, START);
  const newest = messages.at(-1)?.id ?? null;
  const mark = (changes) => setMarks((now) => ({ ...now, ...changes }));
  const isStuck = stuck && shown.last === null;

  // Where things are just before this draws: scrolling that no event has told of yet must not be undone.
  const leaving = box.current !== null && box.current.scrollTop < bottom.current - AT_BOTTOM;
  if (box.current && (leaving || !isStuck)) anchor.current = anchorIn(box.current);
  const keep = () => {
    if (!box.current) return; // it was taken down since
    const fixed = goal.current ?? (latest.current.isStuck && !latest.current.leaving ? null : anchor.current);
    settle(box.current, fixed);
    if (goal.current) document.getElementById(`message-${goal.current.id}`)?.focus({ preventScroll: true });
    goal.current = null;
    if (!fixed) bottom.current = box.current.scrollTop;
  };
  useLayoutEffect(keep);
  useEffect(() => {
    const observer = new ResizeObserver(keep);
    observer.observe(box.current);
    observer.observe(box.current.firstElementChild);
    return () => observer.disconnect();
  }, []);

  const show = (window) =>
    setShown((now) => (now.first === window.first && now.last === window.last ? now : window));
  const scrolled = () => {
    const element = box.current;
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    anchor.current = anchorIn(element);
    const stays = stuck && element.scrollTop >= bottom.current - 1; // what changed is the height, not the place
    const low = shown.last === null && (below < AT_BOTTOM || stays);
    bottom.current = low ? element.scrollTop : 0;
    if (low !== stuck) {
      setStuck(low);
      setSeen(low ? null : newest);
      show(low ? NEWEST : { first: messages[from]?.id ?? null, last: null });
    }
    if (element.scrollTop < EDGE && !low) goUp();
    else if (below < EDGE && shown.last !== null) show(moved(messages, [from, to], STEP, LIMIT));
  };
  const goUp = () => {
    if (from > 0) show(moved(messages, [from, to], -STEP, LIMIT));
    else if (room.loaded && !room.complete && !room.loading) actions.load(channel.id).catch(() => {});
  };
  const latest = useRef({});
  latest.current = { scrolled, isStuck, leaving, goUp };
  useEffect(() => {
    if (room.loaded && !isStuck) latest.current.scrolled();
    else if (room.loaded && box.current.scrollHeight <= box.current.clientHeight) latest.current.goUp();
  }, [messages[0]?.id, from]);
  useEffect(() => {
    if (!isStuck && shown.last === null && to - from > LIMIT)
      show({ first: messages[from].id, last: messages[from + LIMIT - 1].id });
  }, [newest]);
  useEffect(() => {
    store.watch({ atBottom: isStuck });
    if (since === null && store.unread(channel)) setSince(store.readMark(channel.id));
  }, [newest, isStuck]);
  useEffect(() => {
    if (!state.jump) return undefined;
    let here = true;
    const { message } = state.jump;
    const arrive = (found) => {
      if (!here) return; // another channel was opened meanwhile
      if (found) reveal(message);
      else store.set({ toast: { tone: "warn", text: TOO_FAR } });
    };
    isReached(page, channel.id, message, () => here).then(arrive, () => {}); // a failure was shown as a toast
    return () => {
      here = false;
    };
  }, [state.jump]);

  const reveal = (id) => {
    setStuck(false);
    setSeen((now) => now ?? newest);
    const known = store.room(channel.id).messages;
    const index = known.findIndex((message) => message.id === id);
    if (index < from || index >= to) setShown(around(known, id, START));
    goal.current = { id, offset: Math.round(box.current.clientHeight / 3) };
    mark({ flashed: id, focused: id });
    setTimeout(() => setMarks((now) => (now.flashed === id ? { ...now, flashed: null } : now)), FLASH_MS);
  };
  const toPresent = () => {
    bottom.current = 0;
    setShown(NEWEST);
    setStuck(true);
    setSeen(null);
  };

  const rows = timeline(messages.slice(from, to), {
    before: messages[from - 1] ?? null,
    readId: since,
    viewerId: state.viewer.id,
  });
  const draw = useRows(page, channel, marks);
  const focusable =
    marks.focused && messages.some((message) => message.id === marks.focused) ? marks.focused : newest;
  const fresh =
    seen && seen !== newest ? messages.length - 1 - messages.findIndex((message) => message.id === seen) : 0;
  const activate = (event) => {
    const id = event.target.closest?.(".message")?.dataset.id;
    if (id && id !== marks.active && !isBusy(box.current))
      mark(event.type === "focusin" ? { active: id, focused: id } : { active: id });
  };
  const leave = () =>
    !isBusy(box.current) && !box.current.contains(document.activeElement) && mark({ active: null });
  return html`<div class="messages-frame">
    <div ref=${box} class="messages" onScroll=${scrolled} onPointerOver=${activate} onfocusin=${activate} onPointerLeave=${leave} onKeyDown=${focusNeighbour}>
      <div class="messages-inner" role="log" aria-label=${`Messages in ${channel.name ?? "this conversation"}`} aria-busy=${Boolean(room.loading)}>
        ${room.loaded && room.complete && from === 0 ? html`<${Beginning} channel=${channel} empty=${messages.length === 0} />` : html`<${Skeleton} full=${!room.loaded} />`}
        <ol>${rows.map((row) => draw(row, focusable))}</ol>
      </div>
    </div>
    ${
      !isStuck &&
      html`<button type="button" class="to-present" onClick=${toPresent}>
      ${fresh > 0 ? `${fresh} new message${fresh === 1 ? "" : "s"} · ` : ""}Jump to present <${Icon} name="down" size=${16} />
    </button>`
    }
  </div>`;
}

/** Keeps the newest message in view, or what was in view where it was. */
function settle(element, anchor) {
  if (!element) return;
  if (!anchor) {
    element.scrollTop = element.scrollHeight;
    return;
  }
  const found = document.getElementById(`message-${anchor.id}`);
  if (!found) return;
  const moved = found.offsetTop - element.scrollTop - anchor.offset;
  if (Math.abs(moved) >= 1) element.scrollTop += moved;
}

function anchorIn(element) {
  const found = nearest(element.querySelectorAll(".message"), element.scrollTop);
  return found && { id: found.dataset.id, offset: found.offsetTop - element.scrollTop };
}

/** Fetches older messages until one is there, or it is not wanted any more; returns whether it is. */
async function isReached({ store, actions }, channelId, id, isWanted) {
  const isThere = () => store.room(channelId).messages.some((message) => message.id === id);
  for (let tries = 0; isWanted() && !isThere() && !store.room(channelId).complete; tries += 1) {
    if (tries === MOST_LOADS) break;
    await actions.load(channelId);
  }
  return isThere();
}

/** Draws rows, and a message only again when something about it changed. */
function useRows({ state, store }, channel, marks) {
  const cache = useRef(new Map());
  const guild = state.guilds.get(channel.guild_id) ?? null;
  const before = cache.current;
  cache.current = new Map();
  return (row, focusable) => {
    if (row.kind === "day")
      return html`<li key=${row.key} class="day-line"><${Time} iso=${row.iso} style="D" /></li>`;
    if (row.kind === "new") return html`<li key=${row.key} class="new-line"><span>new messages</span></li>`;
    const { message, compact } = row;
    const { id } = message;
    const uses = [
      message,
      compact,
      guild,
      marks.active === id,
      state.selected === id,
      marks.flashed === id,
      focusable === id,
      state.editing === id,
    ];
    const old = before.get(id);
    const same = old && old.uses.every((value, index) => value === uses[index]);
    const made = same ? old : { uses, node: drawMessage(store, uses) };
    cache.current.set(id, made);
    return made.node;
  };
}

function drawMessage(store, [message, compact, guild, active, selected, flashed, focusable, editing]) {
  return html`<${Message} key=${message.id} message=${message} guild=${guild} compact=${compact} active=${active} selected=${selected} flashed=${flashed}
    focusable=${focusable} editing=${editing} pinged=${mentionsViewer(store, message)} />`;
}
