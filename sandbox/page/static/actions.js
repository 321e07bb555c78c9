// What the viewer does. Each returns a promise; what goes wrong is shown as a toast and thrown again.

const SCREEN = 50; // messages

export class Actions {
  constructor(store, operations) {
    this.store = store;
    this.operations = operations;
  }

  get viewer() {
    return this.store.state.viewer.id;
  }

  async perform(name, args) {
    try {
      return await this.operations.call(name, args);
    } catch (error) {
      this.store.set({ toast: { tone: "bad", text: error.message } });
      throw error;
    }
  }

  /** Opens a channel, thread, forum or direct message. */
  open(guildId, channelId) {
    this.store.set({ place: { guild: guildId, channel: channelId }, reply: null, editing: null, selected: null });
    this.store.markRead(channelId);
  }

  /** Loads the newest messages of a channel, or those before the oldest known. */
  async load(channelId) {
    const room = this.store.room(channelId);
    if (room.loading || room.complete) return;
    room.loading = true;
    try {
      const before = room.messages[0]?.id ?? null;
      const older = await this.perform("screen", { user: this.viewer, channel: channelId, before, limit: SCREEN });
      this.store.addHistory(channelId, older, older.length < SCREEN);
    } finally {
      room.loading = false;
    }
  }

  say(channelId, content, { replyTo = null, attachments = [] } = {}) {
    const args = { author: this.viewer, channel: channelId, content, attachments };
    if (replyTo) args.reply_to = replyTo;
    return this.perform("say", args);
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
    return this.perform("typing", { user: this.viewer, channel: channelId });
  }

  startThread(name, { messageId = null, channelId = null, private: hidden = false } = {}) {
    return this.perform("start_thread", { user: this.viewer, name, message: messageId, channel: channelId, private: hidden });
  }

  openPost(forumId, title, content, { attachments = [], tags = [] } = {}) {
    return this.perform("open_post", { user: this.viewer, forum: forumId, title, content, attachments, tags });
  }

  joinThread(threadId, join) {
    return this.perform("join_thread", { user: this.viewer, thread: threadId, join });
  }

  async openDirect(appId = null) {
    const channel = await this.perform("dm", { user: this.viewer, app: appId });
    this.open(null, channel.id);
  }

  /** Returns the commands and menus that can be used in a channel. */
  picker(channelId) {
    return this.perform("picker", { user: this.viewer, channel: channelId });
  }

  /** Runs "/name sub" with options by name; the answer comes as events. */
  slash(channelId, command, options, appId) {
    return this.interact("slash", { user: this.viewer, command, channel: channelId, options, app: appId });
  }

  /** Asks for an option's choices; resolves to [{name, value}]. */
  async autocomplete(channelId, command, focused, value, options, appId) {
    const args = { user: this.viewer, command, channel: channelId, focused, value, options, app: appId };
    const id = await this.interact("autocomplete", args);
    const answer = await this.answered(id);
    return answer.choices ?? [];
  }

  menu(command, target, channelId, appId) {
    return this.interact("menu", { user: this.viewer, command, target, channel: channelId, app: appId });
  }

  click(messageId, customId) {
    return this.interact("click", { user: this.viewer, message: messageId, label: customId });
  }

  choose(messageId, customId, values) {
    return this.interact("choose", { user: this.viewer, message: messageId, select: customId, values });
  }

  /** Submits the open form; values by custom id. */
  async submit(interactionId, values) {
    const id = await this.interact("submit", { user: this.viewer, interaction: interactionId, values });
    this.store.set({ modal: null });
    return id;
  }

  async interact(name, args) {
    const { interaction_id: id } = await this.perform(name, args);
    const { interactions } = this.store.state;
    interactions.set(id, { id, state: "pending", args, ...interactions.get(id) });
    this.store.set({});
    return id;
  }

  /** Resolves with an interaction once it was answered; rejects when it failed. */
  answered(id) {
    return new Promise((resolve, reject) => {
      let leave = () => {};
      const look = () => {
        const found = this.store.state.interactions.get(id);
        if (!found || found.state === "pending") return;
        leave();
        if (found.state === "answered") resolve(found);
        else reject(new Error("The application did not respond in time."));
      };
      leave = this.store.subscribe(look);
      look();
    });
  }
}
