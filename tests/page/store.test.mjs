import assert from "node:assert/strict";
import { test } from "node:test";

import { Actions } from "../../sandbox/page/static/actions.js";
import { Store } from "../../sandbox/page/static/store.js";

const ME = { id: "100000000000000001", username: "me" };
const BOB = { id: "100000000000000002", username: "bob" };
const PLAIN = { type: 0, position: 0, permission_overwrites: [], permissions: "1024" };

const id = (number) => `2000000000000${String(number).padStart(5, "0")}`;
const channel = (name, position, last = null, more = {}) => ({
  ...PLAIN,
  id: `c-${name}`,
  guild_id: "g",
  name,
  position,
  last_message_id: last,
  ...more,
});
const member = (user, roles = []) => ({ user, nick: null, roles, bot: false, standing: "member" });

function guild(channels, members = [member(ME, ["staff"]), member(BOB)]) {
  return { id: "g", name: "Home", owner_id: BOB.id, permissions: "0", roles: [], channels, members };
}

function ready(channels, more = {}) {
  return { viewer: ME, people: [], guilds: [guild(channels)], direct: [], cdn_url: "http://cdn", ...more };
}

function message(number, place, more = {}) {
  return {
    id: id(number),
    channel_id: `c-${place}`,
    guild_id: "g",
    author: BOB,
    content: `number ${number}`,
    mentions: [],
    mention_roles: [],
    mention_everyone: false,
    ephemeral: false,
    ...more,
  };
}

/** A store that looks at two channels, each with one message; "a" is open. */
function opened() {
  const store = new Store(() => 1000);
  store.apply("READY", ready([channel("a", 0, id(1)), channel("b", 1, id(2))]));
  return store;
}

const unread = (store, name) => store.unread(store.channel(`c-${name}`));
const texts = (store, name) => store.room(`c-${name}`).messages.map((item) => item.content);

test("what was there when the page opened is read", () => {
  const store = opened();
  assert.deepEqual(store.state.place, { guild: "g", channel: "c-a", direct: false });
  assert.deepEqual([unread(store, "a"), unread(store, "b")], [false, false]);
});

test("a message elsewhere is unread until its channel is opened", () => {
  const store = opened();
  store.apply("MESSAGE", message(3, "b"));
  assert.deepEqual([unread(store, "a"), unread(store, "b")], [false, true]);
  assert.deepEqual(store.unreadIn(store.guild()), { unread: true, mentions: 0 });
  store.enter("g", "c-b");
  assert.equal(unread(store, "b"), false);
  assert.equal(store.state.since, id(2));
  store.enter("g", "c-a");
  assert.equal(store.state.since, null);
});

test("a message in the open room is read when it is looked at and at its end", () => {
  const store = opened();
  store.apply("MESSAGE", message(3, "a"));
  assert.equal(unread(store, "a"), false);
  store.watch({ atBottom: false });
  store.apply("MESSAGE", message(4, "a"));
  assert.equal(unread(store, "a"), true);
  store.watch({ atBottom: true });
  assert.equal(unread(store, "a"), false);
  store.watch({ visible: false });
  store.apply("MESSAGE", message(5, "a"));
  assert.equal(unread(store, "a"), true);
  store.watch({ visible: true });
  assert.equal(unread(store, "a"), false);
});

test("own and ephemeral messages are never unread", () => {
  const store = opened();
  store.apply("MESSAGE", message(3, "b", { ephemeral: true }));
  assert.equal(unread(store, "b"), false);
  store.apply("MESSAGE", message(4, "b", { author: ME }));
  assert.equal(unread(store, "b"), false);
});

for (const [name, more, counted] of [
  ["by name", { mentions: [ME] }, 1],
  ["by a role they have", { mention_roles: ["staff"] }, 1],
  ["with everyone", { mention_everyone: true }, 1],
  ["by somebody else's name", { mentions: [BOB] }, 0],
  ["by a role they don't have", { mention_roles: ["boss"] }, 0],
  ["by themselves", { mentions: [ME], author: ME }, 0],
]) {
  test(`mentions of the viewer are counted: ${name}`, () => {
    const store = opened();
    store.apply("MESSAGE", message(3, "b", more));
    store.apply("MESSAGE", message(3, "b", { ...more, content: "edited" }));
    assert.equal(store.unreadMentions(), counted);
    store.enter("g", "c-b");
    assert.equal(store.unreadMentions(), 0);
  });
}

test("a direct message counts as a mention", () => {
  const store = opened();
  store.apply("DIRECT", [{ id: "c-dm", type: 1, recipients: [BOB], last_message_id: null }]);
  store.apply("MESSAGE", message(3, "dm", { guild_id: undefined }));
  assert.equal(store.unreadMentions(), 1);
});

test("an edit or reaction does not make a channel unread again", () => {
  const store = opened();
  store.apply("MESSAGE", message(2, "b", { content: "edited" }));
  assert.equal(unread(store, "b"), false);
});

test("a channel that appears is read, what is written in it later is not", () => {
  const store = opened();
  const channels = [channel("a", 0, id(1)), channel("b", 1, id(2)), channel("new", 2, id(1))];
  store.apply("GUILD", guild(channels));
  assert.equal(unread(store, "new"), false);
  store.apply("MESSAGE", message(3, "new"));
  assert.equal(unread(store, "new"), true);
});

test("messages stand in order, whatever order they come in", () => {
  const store = opened();
  store.addHistory("c-a", [message(5, "a"), message(1, "a")], true);
  store.apply("MESSAGE", message(3, "a"));
  store.apply("MESSAGE", message(3, "a", { content: "edited" }));
  assert.deepEqual(texts(store, "a"), ["number 1", "edited", "number 5"]);
});

test("a change of a message that is not loaded leaves no hole", () => {
  const store = opened();
  store.addHistory("c-a", [message(5, "a")], false);
  store.apply("MESSAGE", message(2, "a"));
  assert.deepEqual(texts(store, "a"), ["number 5"]);
});

test("what comes while a screen is on its way is newer than the screen", () => {
  const store = opened();
  store.beginLoading("c-a");
  store.apply("MESSAGE", message(3, "a"));
  store.apply("MESSAGE", message(2, "a", { content: "edited" }));
  store.apply("MESSAGE_GONE", { channel_id: "c-a", ids: [id(1)] });
  store.addHistory("c-a", [message(1, "a"), message(2, "a")], true);
  assert.deepEqual(texts(store, "a"), ["edited", "number 3"]);
});

test("a deleted message leaves the room, the reply to it and the panel", () => {
  const store = opened();
  store.addHistory("c-a", [message(1, "a"), message(2, "a")], true);
  store.set({ reply: message(1, "a"), editing: id(1), selected: id(1) });
  store.apply("MESSAGE_GONE", { channel_id: "c-a", ids: [id(1)] });
  const { reply, editing, selected } = store.state;
  assert.deepEqual([texts(store, "a"), reply, editing, selected], [["number 2"], null, null, null]);
});

test("when the open channel disappears the first one is opened, and its room forgotten", () => {
  const store = opened();
  store.enter("g", "c-b");
  store.addHistory("c-b", [message(2, "b")], true);
  store.apply("GUILD", guild([channel("a", 0, id(1))]));
  assert.equal(store.state.place.channel, "c-a");
  assert.equal(store.state.rooms.has("c-b"), false);
  store.apply("GUILD_GONE", { id: "g" });
  assert.deepEqual(store.state.place, { guild: null, channel: null, direct: false });
});

test("an archived thread that was asked for stays open until its channel is hidden", () => {
  const store = opened();
  store.state.archived.set("c-old", channel("old", 0, null, { type: 11, parent_id: "c-b" }));
  store.enter("g", "c-old");
  store.apply("GUILD", guild([channel("a", 0), channel("b", 1)]));
  assert.equal(store.state.place.channel, "c-old");
  store.apply("GUILD", guild([channel("a", 0)]));
  assert.equal(store.state.place.channel, "c-a");
});

test("the list of direct messages stays open while servers change", () => {
  const store = opened();
  store.enter(null, null);
  store.apply("GUILD", guild([channel("a", 0)]));
  assert.deepEqual(store.state.place, { guild: null, channel: null, direct: true });
});

test("another member finds nothing of the one before, who finds their marks again", () => {
  const store = opened();
  store.addHistory("c-a", [message(1, "a", { ephemeral: true })], true);
  store.set({ selected: id(1), modal: {} });
  store.state.drafts.set(`${ME.id}:c-a`, { text: "half a sen" });
  const channels = () => [channel("a", 0, id(1)), channel("b", 1, id(9))];
  store.apply("READY", ready(channels(), { viewer: BOB }));
  const { selected, modal, place } = store.state;
  assert.deepEqual([texts(store, "a"), selected, modal, place.channel], [[], null, null, "c-a"]);
  assert.equal(unread(store, "b"), false);
  store.apply("READY", ready(channels()));
  assert.equal(unread(store, "b"), true);
  assert.equal(store.state.drafts.get(`${ME.id}:c-a`).text, "half a sen");
});

test("another member who may not see the place is taken to the first one they see", () => {
  const store = opened();
  store.enter("g", "c-b");
  store.apply("READY", ready([channel("a", 0)], { viewer: BOB }));
  assert.equal(store.state.place.channel, "c-a");
  assert.deepEqual(store.state.toast, { tone: "info", text: "bob does not see what was open before." });
});

test("after the line was cut the room keeps its messages until they are loaded again", () => {
  const store = opened();
  store.addHistory("c-a", [message(1, "a")], true);
  store.addHistory("c-b", [message(2, "b")], true);
  store.watch({ atBottom: false });
  store.apply("READY", ready([channel("a", 0, id(4)), channel("b", 1, id(3))]));
  assert.deepEqual([texts(store, "a"), texts(store, "b")], [["number 1"], []]);
  assert.deepEqual([unread(store, "a"), unread(store, "b"), store.state.atBottom], [true, true, false]);
  assert.equal(store.room("c-a").stale, true);
});

/** Operations that answer screens out of a list, as the sandbox would, when told to. */
function replying(all) {
  const asked = [];
  return {
    asked,
    call: async (name, args) => {
      asked.push(args.before);
      const older = all().filter((item) => !args.before || item.id < args.before);
      return older.slice(-args.limit);
    },
  };
}

test("refreshing gives what a fresh load gives, as far back as before", async () => {
  const store = opened();
  let all = Array.from({ length: 130 }, (_, number) => message(number + 100, "a"));
  const operations = replying(() => all);
  const actions = new Actions(store, operations);
  await actions.load("c-a");
  await actions.load("c-a");
  store.apply("READY", ready([channel("a", 0, id(240)), channel("b", 1)]));
  all = [...all.filter((item) => item.id !== id(220)), message(240, "a")];
  await actions.refresh("c-a");
  assert.deepEqual(
    texts(store, "a"),
    all.slice(all.findIndex((item) => item.id === id(130))).map((item) => item.content),
  );
  assert.equal(store.room("c-a").stale, false);
});

test("a screen is loaded once at a time, and whoever asks waits for it", async () => {
  const store = opened();
  const operations = replying(() => [message(1, "a")]);
  const actions = new Actions(store, operations);
  await Promise.all([actions.load("c-a"), actions.load("c-a")]);
  assert.deepEqual(
    [operations.asked.length, texts(store, "a"), store.room("c-a").complete],
    [1, ["number 1"], true],
  );
});

test("a screen that was asked for as one member is not shown to the next", async () => {
  const store = opened();
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  const users = [];
  const call = async (name, args) => {
    users.push(args.user);
    if (users.length === 1) await held;
    return args.user === ME.id
      ? [message(1, "a", { ephemeral: true, content: "for me alone" })]
      : [message(2, "a")];
  };
  const actions = new Actions(store, { call });
  const loading = actions.load("c-a");
  store.apply("READY", ready([channel("a", 0)], { viewer: BOB }));
  release();
  await loading;
  assert.deepEqual([users, texts(store, "a")], [[ME.id, BOB.id], ["number 2"]]);
});

test("an archived thread is known once it was opened", () => {
  const store = opened();
  const actions = new Actions(store, {});
  actions.openThread(channel("old", 0, null, { type: 11, parent_id: "c-b" }));
  assert.equal(store.channel("c-old").name, "old");
  assert.equal(store.state.place.channel, "c-old");
});

test("a failed operation is shown and thrown", async () => {
  const store = opened();
  const actions = new Actions(store, {
    call: async () => {
      throw new Error("Missing Access");
    },
  });
  await assert.rejects(actions.posts("c-a"), /Missing Access/);
  assert.deepEqual(store.state.toast, { tone: "bad", text: "Missing Access" });
  await assert.rejects(actions.load("c-a"));
  assert.equal(store.room("c-a").loading, false);
});

/** Actions whose interaction "i1" is on its way. */
async function pressed() {
  const store = opened();
  let number = 0;
  const call = async () => ({ interaction_id: `i${(number += 1)}` });
  const actions = new Actions(store, { call });
  await actions.click(id(1), "button");
  return { store, actions };
}

const answer = (number) => ({ id: `i${number}`, state: "answered", callback: 4, modal: null });

test("whoever waits for an answer gets it, before and after it came", async () => {
  const { store, actions } = await pressed();
  const waiting = actions.answered("i1");
  store.apply("INTERACTION", answer(1));
  assert.equal((await waiting).callback, 4);
  assert.equal((await actions.answered("i1")).callback, 4);
});

for (const [what, viewer] of [
  ["once the line was cut", ME],
  ["for somebody else", BOB],
]) {
  test(`nobody waits for an answer ${what}`, async () => {
    const { store, actions } = await pressed();
    const listeners = store.listeners.size;
    const waiting = actions.answered("i1");
    store.apply("READY", ready([channel("a", 0, id(1))], { viewer }));
    await assert.rejects(waiting, /not known what became/);
    assert.equal(store.listeners.size, listeners);
  });
}

test("an answer that comes after the line was cut still opens its form", async () => {
  const { store } = await pressed();
  store.apply("READY", ready([channel("a", 0, id(1))]));
  store.apply("INTERACTION", { ...answer(1), modal: { title: "Form" } });
  assert.equal(store.state.modal.modal.title, "Form");
});

test("answered interactions are forgotten after a while, others are not", async () => {
  const { store, actions } = await pressed();
  await actions.click(id(1), "other");
  store.apply("INTERACTION", answer(1));
  store.now = () => 1000 + 60_000;
  await actions.click(id(1), "third");
  assert.ok(store.state.interactions.has("i1"));
  store.now = () => 1001 + 60_000;
  await actions.click(id(1), "fourth");
  assert.deepEqual([...store.state.interactions.keys()], ["i2", "i3", "i4"]);
});
