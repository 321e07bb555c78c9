// Everything the page knows, and how events change it. No DOM in here: node runs its tests.

const TYPING_MS = 10_000;
export const TYPES = { TEXT: 0, DM: 1, VOICE: 2, CATEGORY: 4, NEWS: 5, NEWS_THREAD: 10, THREAD: 11, PRIVATE_THREAD: 12, FORUM: 15 };

/** Orders snowflakes: ids are strings of digits without leading zeros. */
export function compareIds(a, b) {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

export function isThread(channel) {
  return [TYPES.NEWS_THREAD, TYPES.THREAD, TYPES.PRIVATE_THREAD].includes(channel.type);
}

/** A bit of a permission number in text, such as can(channel.permissions, 1n << 11n). */
export function can(permissions, bit) {
  return (BigInt(permissions ?? 0) & bit) !== 0n;
}

export class Store {
  constructor(now = () => Date.now()) {
    this.now = now;
    this.listeners = new Set();
    this.state = {
      connection: "connecting",
      viewer: null, // user
      people: [], // users the page can be looked at as, each with standing and guild_ids
      guilds: new Map(), // id -> guild {id, name, owner_id, permissions, roles, channels, members}
      direct: [], // DM channels
      cdn: "",
      place: { guild: null, channel: null }, // ids
      rooms: new Map(), // channel id -> {messages: [ascending], loaded, complete}
      read: new Map(), // channel id -> id of the newest message read
      mentions: new Map(), // channel id -> number of unread messages that mention the viewer
      typing: new Map(), // channel id -> Map(user id -> until)
      interactions: new Map(), // id -> {state: "pending" | "answered" | "failed", callback, modal, choices, ...}
      modal: null, // the interaction whose form is open
      reply: null, // message being replied to
      editing: null, // id of the own message being edited
      selected: null, // id of the message whose note the side panel shows
      toast: null, // {text, tone}
      drafts: new Map(), // "viewer channel" -> what was begun there, see writing/drafts.js
      commands: new Map(), // channel id -> commands and menus the viewer may use there
      slow: new Map(), // "viewer channel" -> until when (ms) slow mode lets the viewer wait
      menu: null, // the open context menu: {x, y, label, items}
      dialog: null, // the open dialog: {kind, ...}, see views/overlays.js
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
    if (handler) {
      handler(this, data);
      this.set({});
    }
  }

  room(channelId) {
    const { rooms } = this.state;
    if (!rooms.has(channelId)) rooms.set(channelId, { messages: [], loaded: false, complete: false });
    return rooms.get(channelId);
  }

  /** Finds a channel, thread or direct message by id. */
  channel(channelId) {
    for (const guild of this.state.guilds.values()) {
      const found = guild.channels.find((channel) => channel.id === channelId);
      if (found) return found;
    }
    return this.state.direct.find((channel) => channel.id === channelId) ?? null;
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

  unread(channel) {
    const read = this.state.read.get(channel.id);
    return Boolean(channel.last_message_id && read && compareIds(channel.last_message_id, read) > 0);
  }

  markRead(channelId) {
    const channel = this.channel(channelId);
    const last = channel?.last_message_id ?? "0";
    if (this.state.read.get(channelId) === last) return;
    this.state.read.set(channelId, last);
    this.state.mentions.delete(channelId);
    this.set({});
  }

  /** Adds a screenful of older messages to a room. */
  addHistory(channelId, older, complete) {
    const room = this.room(channelId);
    for (const message of older) put(room.messages, message);
    Object.assign(room, { loaded: true, complete });
    this.set({});
  }

  typists(channelId) {
    const known = this.state.typing.get(channelId) ?? new Map();
    return [...known].filter(([, until]) => until > this.now()).map(([userId]) => userId);
  }
}

function put(messages, message) {
  let index = messages.length;
  while (index > 0 && compareIds(messages[index - 1].id, message.id) > 0) index -= 1;
  if (index > 0 && messages[index - 1].id === message.id) messages[index - 1] = message;
  else messages.splice(index, 0, message);
}

function firstPlace(store) {
  const { place, guilds } = store.state;
  if (place.channel && store.channel(place.channel)) return place;
  const guild = guilds.get(place.guild) ?? [...guilds.values()][0];
  const channel = guild?.channels.filter((item) => item.type === TYPES.TEXT).sort((a, b) => a.position - b.position)[0];
  return { guild: guild?.id ?? null, channel: channel?.id ?? null };
}

const EVENTS = {
  READY(store, data) {
    const { state } = store;
    state.viewer = data.viewer;
    state.people = data.people;
    state.guilds = new Map(data.guilds.map((guild) => [guild.id, guild]));
    state.direct = data.direct;
    state.cdn = data.cdn_url;
    state.rooms = new Map();
    state.read = new Map();
    state.mentions = new Map();
    state.interactions = new Map();
    state.commands = new Map();
    Object.assign(state, { modal: null, reply: null, editing: null, menu: null, dialog: null });
    for (const guild of data.guilds) for (const channel of guild.channels) state.read.set(channel.id, channel.last_message_id ?? "0");
    for (const channel of data.direct) state.read.set(channel.id, channel.last_message_id ?? "0");
    state.place = firstPlace(store);
  },
  GUILD(store, guild) {
    const { state } = store;
    state.guilds.set(guild.id, guild);
    for (const channel of guild.channels) if (!state.read.has(channel.id)) state.read.set(channel.id, "0");
    if (state.place.guild === guild.id) state.place = firstPlace(store);
  },
  GUILD_GONE(store, { id }) {
    store.state.guilds.delete(id);
    store.state.place = firstPlace(store);
  },
  PEOPLE(store, people) {
    store.state.people = people;
  },
  DIRECT(store, direct) {
    store.state.direct = direct;
    for (const channel of direct) if (!store.state.read.has(channel.id)) store.state.read.set(channel.id, "0");
  },
  MESSAGE(store, message) {
    const { state } = store;
    const channel = store.channel(message.channel_id);
    const room = store.room(message.channel_id);
    const known = room.messages.some((item) => item.id === message.id);
    if (room.loaded) put(room.messages, message);
    if (!channel || known) return;
    if (!message.ephemeral && compareIds(message.id, channel.last_message_id ?? "0") > 0) channel.last_message_id = message.id;
    state.typing.get(message.channel_id)?.delete(message.author.id);
    const mine = message.author.id === state.viewer.id;
    if (mine) state.read.set(channel.id, channel.last_message_id ?? "0");
    else if (mentionsViewer(store, message)) state.mentions.set(channel.id, (state.mentions.get(channel.id) ?? 0) + 1);
  },
  MESSAGE_GONE(store, { channel_id: channelId, ids }) {
    const room = store.room(channelId);
    room.messages = room.messages.filter((message) => !ids.includes(message.id));
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
    if (now.state === "failed" && !now.quiet) state.toast = { tone: "bad", text: `${now.application.name} did not respond in time.` };
  },
};

/** Whether a message pings the viewer: by name, by a role they have, or with everyone. */
export function mentionsViewer(store, message) {
  const { viewer } = store.state;
  if (message.mention_everyone || message.mentions.some((user) => user.id === viewer.id)) return true;
  const guild = store.state.guilds.get(message.guild_id);
  const roles = guild?.members.find((member) => member.user.id === viewer.id)?.roles ?? [];
  return message.mention_roles.some((role) => roles.includes(role));
}
