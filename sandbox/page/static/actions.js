// What the viewer does. Each returns a promise; what goes wrong is shown as a toast and thrown again.

import { compareIds } from "./channels.js";

const SCREEN = 50; // messages
const KEPT_MS = 60_000; // how long an answered interaction is known: it holds the files that went with it

export class Actions {
  constructor(store, operations) {
    this.store = store;
    this.operations = operations;
  }

  get viewer() {
    return this.store.state.viewer.id;
  }

  /** `quiet`: the caller shows what went wrong. */
  async perform(name, args, { quiet = false } = {}) {
    try {
      return await this.operations.call(name, args);
    } catch (error) {
      if (!quiet) this.store.set({ toast: { tone: "bad", text: error.message } });
      throw error;
    }
  }

  /** Opens a channel, thread, forum or direct message (of no guild); without a channel the list of those. */
  open(guildId, channelId) {
    this.store.enter(guildId, channelId);
    this.store.set({ front: null });
  }

  /** Opens a thread the page may not know yet, because it is archived or new. */
  openThread(thread) {
    if (!this.store.channel(thread.id)) this.store.state.archived.set(thread.id, thread);
    this.open(thread.guild_id, thread.id);
  }

  /** Loads the newest messages of a channel, or those before the oldest known; once at a time. */
  load(channelId) {
    const room = this.store.room(channelId);
    if (room.complete && !room.stale) return Promise.resolve();
    room.work ??= this.fetch(channelId, room).finally(() => {
      room.work = null;
    });
    return room.work;
  }

  async fetch(channelId, room) {
    this.store.beginLoading(channelId);
    try {
      const older = await this.screen(channelId, room.messages[0]?.id ?? null);
      if (this.store.room(channelId) === room) this.store.addHistory(channelId, older, older.length < SCREEN);
    } finally {
      room.loading = false;
    }
    // What came back was for somebody else's eyes, or from before the line was cut.
    if (this.store.room(channelId) !== room && this.store.channel(channelId)) await this.load(channelId);
  }

  /** Loads again what a room shows, after the line was cut; until then it shows what it had. */
  refresh(channelId) {
    const room = this.store.room(channelId);
    room.work = this.fetchAgain(channelId, room).finally(() => {
      room.work = null;
    });
    return room.work;
  }

  async fetchAgain(channelId, room) {
    const oldest = room.messages[0]?.id ?? null;
    this.store.beginLoading(channelId);
    try {
      let found = await this.screen(channelId, null);
      let last = found;
      while (last.length === SCREEN && oldest && compareIds(last[0].id, oldest) > 0) {
        last = await this.screen(channelId, last[0].id);
        found = [...last, ...found];
      }
      if (this.store.room(channelId) === room)
        this.store.replaceHistory(channelId, found, last.length < SCREEN);
    } finally {
      room.loading = false;
    }
  }

  /** Goes to a message, in whatever channel it is. */
  goTo(message) {
    const { place } = this.store.state;
    if (place.channel !== message.channel_id) this.open(message.guild_id ?? null, message.channel_id);
    this.store.set({ jump: { message: message.id } });
  }

  screen(channelId, before) {
    return this.perform("screen", { user: this.viewer, channel: channelId, before, limit: SCREEN });
  }

  /** Returns a forum's posts: [{thread, message}], archived ones too, the last active first. */
  posts(forumId) {
    return this.perform("posts", { user: this.viewer, forum: forumId });
  }

  threads(channelId) {
    return this.perform("threads", { user: this.viewer, channel: channelId });
  }

  pins(channelId) {
    return this.perform("pins", { user: this.viewer, channel: channelId });
  }

  /** Lets somebody new join a server; returns their id. */
  async join(name, guildId) {
    const { id } = await this.perform("member", { name, guild: guildId });
    return id;
  }

  /** Sends a message; `attachments` are {filename, content_type, content_b64}. */
  say(channelId, content, { replyTo = null, ping = true, attachments = [] } = {}) {
    const args = { author: this.viewer, channel: channelId, content, attachments };
    if (replyTo)
      Object.assign(args, {
        reply_to: replyTo,
        allowed_mentions: { parse: ["users", "roles", "everyone"], replied_user: ping },
      });
    return this.perform("say", args, { quiet: true });
  }

  edit(messageId, content) {
    return this.perform("edit", { message: messageId, content, by: this.viewer });
  }

  remove(messageId) {
    return this.perform("delete", { message: messageId, by: this.viewer });
  }

  react(messageId, emoji, add) {
    return this.perform("react", { user: this.viewer, message: messageId, emoji, add });
  }

  type(channelId) {
    return this.perform("typing", { user: this.viewer, channel: channelId }, { quiet: true });
  }

  startThread(name, { messageId = null, channelId = null, private: hidden = false } = {}) {
    return this.perform("start_thread", {
      user: this.viewer,
      name,
      message: messageId,
      channel: channelId,
      private: hidden,
    });
  }

  openPost(forumId, title, content, { attachments = [], tags = [] } = {}) {
    return this.perform("open_post", {
      user: this.viewer,
      forum: forumId,
      title,
      content,
      attachments,
      tags,
    });
  }

  joinThread(threadId, join) {
    return this.perform("join_thread", { user: this.viewer, thread: threadId, join });
  }

  pin(messageId, add) {
    return this.perform("pin", { message: messageId, by: this.viewer, add });
  }

  /** Changes a thread: name, archived, locked. */
  editThread(threadId, changes) {
    return this.perform("edit_channel", { channel: threadId, changes, by: this.viewer });
  }

  removeThread(threadId) {
    return this.perform("delete_channel", { channel: threadId, by: this.viewer });
  }

  async openDirect(appId = null) {
    const channel = await this.perform("dm", { user: this.viewer, app: appId });
    this.open(null, channel.id);
  }

  /** Loads the commands and menus that can be used in a channel into state.commands. */
  async picker(channelId) {
    const found = await this.perform("picker", { user: this.viewer, channel: channelId });
    this.store.state.commands.set(channelId, found);
    this.store.set({});
    return found;
  }

  /** Runs "name sub" with options by name; the answer comes as events. `about` is kept with the interaction. */
  slash(channelId, command, options, appId, about = {}) {
    const args = { user: this.viewer, command, channel: channelId, options, app: appId };
    return this.interact("slash", args, { ...about, quiet: true });
  }

  /** Asks for an option's choices; resolves to [{name, value}]. */
  async autocomplete(channelId, command, focused, value, options, appId) {
    const args = { user: this.viewer, command, channel: channelId, focused, value, options, app: appId };
    const id = await this.interact("autocomplete", args, { quiet: true });
    try {
      return (await this.answered(id)).choices ?? [];
    } finally {
      this.store.state.interactions.delete(id);
    }
  }

  /** Uses a context menu command on a message (`kind` 3) or user (2). */
  menu(command, target, channelId, appId, kind) {
    const args = { user: this.viewer, command, target, channel: channelId, app: appId, kind };
    return this.interact("menu", args, { label: command, quiet: true });
  }

  /** Does an interaction that failed once more. */
  again(interaction) {
    this.forget(interaction.id);
    const { label, appName } = interaction;
    return this.interact(interaction.op, interaction.args, { label, appName, quiet: true });
  }

  /** Shows an interaction's failure no longer. */
  forget(interactionId) {
    this.store.state.interactions.delete(interactionId);
    this.store.set({});
  }

  click(messageId, customId) {
    return this.interact("click", { user: this.viewer, message: messageId, label: customId });
  }

  choose(messageId, customId, values) {
    return this.interact("choose", { user: this.viewer, message: messageId, select: customId, values });
  }

  /** Submits the open form; values by custom id. It is closed once the application answered. */
  async submit(interactionId, values) {
    const id = await this.interact("submit", { user: this.viewer, interaction: interactionId, values });
    await this.answered(id);
    if (this.store.state.modal?.id === interactionId) this.store.set({ modal: null });
    return id;
  }

  async interact(name, args, about = {}) {
    const { interaction_id: id } = await this.perform(name, args, { quiet: about.quiet });
    const { interactions } = this.store.state;
    for (const [old, item] of interactions)
      if (item.state === "answered" && this.store.now() - item.started > KEPT_MS) interactions.delete(old);
    const begun = {
      id,
      op: name,
      args,
      channel_id: args.channel,
      started: this.store.now(),
      state: "pending",
      ...about,
    };
    interactions.set(id, { ...begun, ...interactions.get(id) });
    this.store.set({});
    return id;
  }

  /** Resolves with an interaction once it was answered; rejects when it failed. */
  answered(id) {
    return new Promise((resolve, reject) => {
      let leave = () => {};
      const look = () => {
        const found = this.store.state.interactions.get(id);
        if (found?.state === "pending" && !found.lost) return;
        leave();
        if (found?.state === "answered") resolve(found);
        else if (found?.state === "failed") reject(new Error("The application did not respond in time."));
        else reject(new Error("The line was cut: it is not known what became of this."));
      };
      leave = this.store.subscribe(look);
      look();
    });
  }
}
