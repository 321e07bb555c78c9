// Everything the page knows, and how events change it. No DOM in here: node runs its tests.
import { compareIds, firstChannel, isThread } from "./channels.js";
import { displayName } from "./names.js";

export { can, compareIds, isThread, TYPES } from "./channels.js";

const TYPING_MS = 10_000;

export class Store {
  constructor(now = () => Date.now()) {
    this.now = now;
    this.listeners = new Set();
    this.state = {
      connection: "connecting", // connecting | open | lost | gone | denied
      nobody: false, // the sandbox has no member to look as yet
      arrivals: 0, // how often everything came anew: after each, what is open is loaded again
      viewer: null, // user
      people: [], // users the page can be looked at as, each with standing and guild_ids
      guilds: new Map(), // id -> guild {id, name, owner_id, permissions, roles, channels, members}
      direct: [], // DM channels
      archived: new Map(), // channel id -> archived thread that was asked for
      cdn: "",
      place: { guild: null, channel: null }, // ids; `direct`: among the direct messages
      left: new Map(), // guild id -> the channel that was open in it last
      rooms: new Map(), // channel id -> {messages: [ascending], loaded, complete, loading, work, stale, fresh}
      read: new Map(), // channel id -> id of the newest message read
      mentions: new Map(), // channel id -> number of unread messages that mention the viewer
      marks: new Map(), // viewer id -> {read, mentions}: so that each member finds theirs again
      newest: "0", // the newest message anywhere when the viewer came: what appears later is read up to it
      visible: true, // the page is looked at
      atBottom: true, // the room is scrolled to its end
      typing: new Map(), // channel id -> Map(user id -> until)
      interactions: new Map(), // id -> {state: "pending" | "answered" | "failed", lost, callback, modal, choices, ...}
      modal: null, // the interaction whose form is open
      reply: null, // message being replied to
      editing: null, // id of the own message being edited
      selected: null, // id of the message whose note the side panel shows
      side: null, // what stands at the right: notes | members | null
      front: null, // what is open in front of the frame: drawer | switcher | people | threads | pins | {member: user id}
      toast: null, // {text, tone}
      since: null, // id of the newest message read when the open room was opened; null: all were
      jump: null, // {message}: id of a message the room is to go to; a new object for each time
      profile: null, // {user, anchor}: whose card is shown, and the element it stands beside
      drafts: new Map(), // "viewer id:channel id" -> what was begun there, see writing/drafts.js
      commands: new Map(), // channel id -> commands and menus the viewer may use there
      posts: new Map(), // "viewer id forum id" -> the post begun there: {title, text, tags}
      slow: new Map(), // "viewer id:channel id" -> until when (ms) slow mode lets the viewer wait
      menu: null, // the open context menu, see views/menu.js
      picking: null, // an emoji picker: {anchor, onPick}
      asking: null, // a question to the viewer: {kind: "delete" | "thread" | "rename" | "removeThread", ...}
      pingReply: true, // whether the reply being written pings who is replied to
    };
  }

  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Merges changes into the state and tells the views. */
  set(changes) {
    Object.assign(this.state, changes);
    for (const listener of this.listeners) listener();
  }

  /** Applies an event of the live feed. */
  apply(kind, data) {
    const handler = EVENTS[kind];
    if (!handler) return;
    handler(this, data);
    this.look();
    this.set({});
  }

  room(channelId) {
    const { rooms } = this.state;
    if (!rooms.has(channelId))
      rooms.set(channelId, {
        messages: [],
        loaded: false,
        complete: false,
        loading: false,
        work: null,
        stale: false,
        fresh: null,
      });
    return rooms.get(channelId);
  }

  /** Finds a channel, thread or direct message by id. */
  channel(channelId) {
    for (const guild of this.state.guilds.values()) {
      const found = guild.channels.find((channel) => channel.id === channelId);
      if (found) return found;
    }
    return (
      this.state.direct.find((channel) => channel.id === channelId) ??
      this.state.archived.get(channelId) ??
      null
    );
  }

  guild() {
    return this.state.guilds.get(this.state.place.guild) ?? null;
  }

  member(userId) {
    return this.guild()?.members.find((member) => member.user.id === userId) ?? null;
  }

  message(messageId) {
    for (const room of this.state.rooms.values()) {
      const found = room.messages.find((message) => message.id === messageId);
      if (found) return found;
    }
    return null;
  }

  /** The newest message read in a channel. */
  readMark(channelId) {
    return this.state.read.get(channelId) ?? this.state.newest;
  }

  unread(channel) {
    const read = this.readMark(channel.id);
    return Boolean(channel.last_message_id) && compareIds(channel.last_message_id, read) > 0;
  }

  /** What is unread in a server: {unread, mentions}. */
  unreadIn(guild) {
    let [unread, mentions] = [false, 0];
    for (const channel of guild.channels) {
      unread ||= this.unread(channel);
      mentions += this.state.mentions.get(channel.id) ?? 0;
    }
    return { unread, mentions };
  }

  /** All unread mentions, direct messages included: what the title shows. */
  unreadMentions() {
    return [...this.state.mentions.values()].reduce((sum, count) => sum + count, 0);
  }

  markRead(channelId) {
    if (this.note(channelId)) this.set({});
  }

  /** Opens a place; what was unread in it stays told apart by `since`. */
  enter(guildId, channelId) {
    const channel = this.channel(channelId);
    const since = channel && this.unread(channel) ? this.readMark(channelId) : null;
    const place = { guild: guildId, channel: channelId, direct: guildId === null };
    if (guildId && channelId) this.state.left.set(guildId, channelId);
    this.set({
      place,
      since,
      atBottom: true,
      reply: null,
      editing: null,
      selected: null,
      jump: null,
      profile: null,
    });
    this.markRead(channelId);
  }

  /** Says whether the page is looked at, and the room at its end: then its messages count as read. */
  watch(changes) {
    const before = { ...this.state };
    Object.assign(this.state, changes);
    const read = this.look();
    if (read || before.visible !== this.state.visible || before.atBottom !== this.state.atBottom)
      this.set({});
  }

  /** Counts the open room as read when it is looked at; returns whether that changed anything. */
  look() {
    const { visible, atBottom, place } = this.state;
    return visible && atBottom && place.channel !== null && this.note(place.channel);
  }

  /** Moves a channel's mark to its newest message; returns whether it moved. */
  note(channelId) {
    const channel = this.channel(channelId);
    const last = channel?.last_message_id ?? "0";
    const mentioned = this.state.mentions.delete(channelId);
    const before = this.readMark(channelId);
    if (compareIds(last, before) <= 0) return mentioned;
    this.state.read.set(channelId, last);
    return true;
  }

  /** Remembers what comes in while a room is being loaded: it is newer than the answer. */
  beginLoading(channelId) {
    Object.assign(this.room(channelId), { loading: true, fresh: new Map() });
  }

  /** Adds a screenful of older messages to a room. */
  addHistory(channelId, older, complete) {
    const room = this.room(channelId);
    for (const message of older) put(room.messages, message);
    settle(room, complete);
    this.set({});
  }

  /** Puts a room's messages in place of those it had before the line was cut. */
  replaceHistory(channelId, messages, complete) {
    const room = this.room(channelId);
    room.messages = [];
    for (const message of messages) put(room.messages, message);
    settle(room, complete);
    this.set({});
  }

  typists(channelId) {
    const known = this.state.typing.get(channelId) ?? new Map();
    return [...known].filter(([, until]) => until > this.now()).map(([userId]) => userId);
  }
}

function settle(room, complete) {
  for (const [id, message] of room.fresh ?? []) {
    if (message) put(room.messages, message);
    else room.messages = room.messages.filter((item) => item.id !== id);
  }
  Object.assign(room, { loaded: true, complete, loading: false, stale: false, fresh: null });
}

function put(messages, message) {
  let index = messages.length;
  while (index > 0 && compareIds(messages[index - 1].id, message.id) > 0) index -= 1;
  if (index > 0 && messages[index - 1].id === message.id) messages[index - 1] = message;
  else messages.splice(index, 0, message);
}

/** The place as it was when it can still be seen, else the first one there is. */
function firstPlace(store) {
  const { place, guilds } = store.state;
  if (place.direct && !place.channel) return place;
  if (place.channel && store.channel(place.channel)) return place;
  if (place.direct) return { guild: null, channel: null, direct: true };
  const guild = guilds.get(place.guild) ?? [...guilds.values()][0];
  return { guild: guild?.id ?? null, channel: (guild && firstChannel(guild)?.id) ?? null, direct: false };
}

/** Moves on when the open place is gone. */
function replace(store) {
  const { state } = store;
  const next = firstPlace(store);
  if (next.channel === state.place.channel && next.guild === state.place.guild) return;
  if (state.place.channel)
    state.toast = { tone: "info", text: `${displayName(state.viewer)} does not see what was open before.` };
  Object.assign(state, {
    place: next,
    since: null,
    atBottom: true,
    reply: null,
    editing: null,
    selected: null,
    jump: null,
  });
}

/** Forgets the archived threads and the rooms of channels that can no longer be seen. */
function forget(store) {
  const { archived } = store.state;
  for (const [id, thread] of archived) if (!store.channel(thread.parent_id)) archived.delete(id);
  for (const id of store.state.rooms.keys()) if (!store.channel(id)) store.state.rooms.delete(id);
}

/** Marks what waits for an answer: it may have come while the line was cut. */
function lose(interactions) {
  for (const item of interactions.values()) if (item.state === "pending") item.lost = true;
}

function newestOf(channels) {
  return channels
    .map((channel) => channel.last_message_id ?? "0")
    .reduce((a, b) => (compareIds(a, b) > 0 ? a : b), "0");
}

/** Puts somebody else's eyes on: nothing of the one before stays but what each has read. */
function change(state, viewer, channels) {
  if (state.viewer)
    state.marks.set(state.viewer.id, { read: state.read, mentions: state.mentions, newest: state.newest });
  const kept = state.marks.get(viewer.id);
  Object.assign(state, { read: new Map(), mentions: new Map(), newest: newestOf(channels), ...kept });
  Object.assign(state, {
    rooms: new Map(),
    archived: new Map(),
    typing: new Map(),
    interactions: new Map(),
    commands: new Map(),
  });
  Object.assign(state, { modal: null, reply: null, editing: null, selected: null, since: null, jump: null });
  Object.assign(state, { front: null, menu: null, picking: null, asking: null, profile: null });
  if (state.place.direct) state.place = { guild: null, channel: null };
}

const EVENTS = {
  READY(store, data) {
    const { state } = store;
    const channels = [...data.guilds.flatMap((guild) => guild.channels), ...data.direct];
    const same = state.viewer?.id === data.viewer.id;
    if (!same) change(state, data.viewer, channels);
    else lose(state.interactions);
    state.arrivals += 1;
    Object.assign(state, {
      nobody: false,
      viewer: data.viewer,
      people: data.people,
      direct: data.direct,
      cdn: data.cdn_url,
    });
    state.guilds = new Map(data.guilds.map((guild) => [guild.id, guild]));
    replace(store);
    const kept = state.rooms.get(state.place.channel);
    state.rooms = new Map();
    if (kept?.loaded)
      state.rooms.set(
        state.place.channel,
        Object.assign(kept, { stale: true, loading: false, work: null, fresh: null }),
      );
  },
  NOBODY(store) {
    Object.assign(store.state, { nobody: true, viewer: null });
  },
  GUILD(store, guild) {
    store.state.guilds.set(guild.id, guild);
    forget(store);
    replace(store);
  },
  GUILD_GONE(store, { id }) {
    store.state.guilds.delete(id);
    forget(store);
    replace(store);
  },
  PEOPLE(store, people) {
    store.state.people = people;
  },
  DIRECT(store, direct) {
    store.state.direct = direct;
  },
  MESSAGE(store, message) {
    const { state } = store;
    const channel = store.channel(message.channel_id);
    const room = store.room(message.channel_id);
    const known = room.messages.some((item) => item.id === message.id);
    room.fresh?.set(message.id, message);
    if (room.loaded && (known || inReach(room, message))) put(room.messages, message);
    if (!channel || known || message.ephemeral || compareIds(message.id, channel.last_message_id ?? "0") <= 0)
      return;
    channel.last_message_id = message.id;
    if (isThread(channel) && message.id !== channel.id)
      channel.message_count = (channel.message_count ?? 0) + 1;
    state.typing.get(message.channel_id)?.delete(message.author.id);
    if (message.author.id === state.viewer.id) store.note(channel.id);
    else if (mentionsViewer(store, message))
      state.mentions.set(channel.id, (state.mentions.get(channel.id) ?? 0) + 1);
  },
  MESSAGE_GONE(store, { channel_id: channelId, ids }) {
    const room = store.room(channelId);
    for (const id of ids) room.fresh?.set(id, null);
    room.messages = room.messages.filter((message) => !ids.includes(message.id));
    const { reply, editing, selected } = store.state;
    if (ids.includes(reply?.id)) store.state.reply = null;
    if (ids.includes(editing)) store.state.editing = null;
    if (ids.includes(selected)) store.state.selected = null;
  },
  TYPING(store, { channel_id: channelId, user_id: userId }) {
    const { typing } = store.state;
    if (!typing.has(channelId)) typing.set(channelId, new Map());
    typing.get(channelId).set(userId, store.now() + TYPING_MS);
  },
  INTERACTION(store, interaction) {
    const { state } = store;
    const before = state.interactions.get(interaction.id) ?? {};
    const now = { ...before, ...interaction };
    state.interactions.set(interaction.id, now);
    if (now.modal && !before.modal) state.modal = now;
    if (now.state === "failed" && !now.quiet)
      state.toast = { tone: "bad", text: `${now.application.name} did not respond in time.` };
  },
};

/** Whether a message belongs to the loaded stretch: a change of an older one must not leave a hole. */
function inReach(room, message) {
  return room.complete || room.messages.length === 0 || compareIds(message.id, room.messages[0].id) > 0;
}

/** Whether a message pings the viewer: by name, by a role they have, or with everyone; in direct messages always. */
export function mentionsViewer(store, message) {
  const { viewer } = store.state;
  if (!message.guild_id || message.mention_everyone || message.mentions.some((user) => user.id === viewer.id))
    return true;
  const guild = store.state.guilds.get(message.guild_id);
  const roles = guild?.members.find((member) => member.user.id === viewer.id)?.roles ?? [];
  return message.mention_roles.some((role) => roles.includes(role));
}
