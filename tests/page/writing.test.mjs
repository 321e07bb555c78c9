import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../../sandbox/page/static/store.js";
import { changeDraft, draftOf, restoreDraft } from "../../sandbox/page/static/writing/drafts.js";
import {
  messageRights,
  P,
  startRights,
  threadRights,
  writingIn,
} from "../../sandbox/page/static/writing/rights.js";
import { TypingPace, typingText } from "../../sandbox/page/static/writing/typists.js";
import { admit, MAX_BYTES, readableSize } from "../../sandbox/page/static/writing/uploads.js";

test("typing is told in words", () => {
  assert.equal(typingText([]), "");
  assert.equal(typingText(["Alice"]), "Alice is typing…");
  assert.equal(typingText(["Alice", "Bob"]), "Alice and Bob are typing…");
  assert.equal(typingText(["Alice", "Bob", "Carol"]), "Alice, Bob and Carol are typing…");
  assert.equal(typingText(["a", "b", "c", "d"]), "Several people are typing…");
});

test("own typing is told at most every eight seconds, and anew after sending", () => {
  let now = 0;
  const pace = new TypingPace(() => now);
  assert.equal(pace.due("1"), true);
  now = 7_999;
  assert.equal(pace.due("1"), false);
  assert.equal(pace.due("2"), true);
  now = 8_000;
  assert.equal(pace.due("1"), true);
  pace.clear("1");
  assert.equal(pace.due("1"), true);
});

test("drafts are kept per viewer and channel, and a failed one comes back first", () => {
  const store = new Store();
  store.state.viewer = { id: "a" };
  changeDraft(store, "1", { text: "one" });
  changeDraft(store, "2", { text: "two" });
  store.state.viewer = { id: "b" };
  assert.equal(draftOf(store, "1").text, "");
  restoreDraft(store, "1", { text: "lost", picks: [], files: [{ name: "f" }] }, "no line", "a");
  store.state.viewer = { id: "a" };
  const back = draftOf(store, "1");
  assert.deepEqual([back.text, back.files.length, back.error], ["lost\none", 1, "no line"]);
  assert.equal(draftOf(store, "2").text, "two");
});

test("files beyond a limit are named, the others taken", () => {
  const file = (name, size) => ({ name, size });
  const { taken, error } = admit([], [file("ok.txt", 5), file("big.bin", MAX_BYTES + 1)]);
  assert.deepEqual(
    taken.map((item) => item.name),
    ["ok.txt"],
  );
  assert.match(error, /big\.bin is 10 MB/);
  const many = admit(
    Array.from({ length: 9 }, () => file("x", 1)),
    [file("a", 1), file("b", 1)],
  );
  assert.equal(many.taken.length, 1);
  assert.match(many.error, /at most 10/);
  assert.match(admit([file("x", 44 * 1024 * 1024)], [file("y", 2 * 1024 * 1024)]).error, /together/);
});

test("sizes are readable", () => {
  assert.deepEqual([0, 1023, 1024, 3500, 12_582_912].map(readableSize), [
    "0 B",
    "1023 B",
    "1 KB",
    "3.4 KB",
    "12 MB",
  ]);
});

const bits = (...names) => String(names.reduce((sum, name) => sum | P[name], 0n));
const thread = (more, ...names) => ({
  id: "5",
  type: 11,
  guild_id: "9",
  permissions: bits(...names),
  owner_id: "a",
  thread_metadata: { archived: false, locked: false, ...more },
});

test("who can't write is told why", () => {
  const say = (channel, member) => writingIn(channel, member, new Date("2026-01-01"));
  assert.equal(say({ type: 0, permissions: bits("SEND_MESSAGES") }).allowed, true);
  assert.match(say({ type: 0, permissions: "0" }).reason, /roles/);
  assert.match(say(thread({ archived: true }, "SEND_MESSAGES")).note, /reopens/);
  assert.match(say(thread({ locked: true }, "SEND_MESSAGES")).reason, /locked/);
  assert.equal(say(thread({ locked: true }, "SEND_MESSAGES", "MANAGE_THREADS")).allowed, true);
  assert.match(
    say(
      { type: 0, permissions: bits("SEND_MESSAGES") },
      { communication_disabled_until: "2026-02-01T00:00:00Z" },
    ).reason,
    /timed out/,
  );
  assert.equal(
    say(
      { type: 0, permissions: bits("SEND_MESSAGES") },
      { communication_disabled_until: "2025-02-01T00:00:00Z" },
    ).allowed,
    true,
  );
});

test("only what the viewer may do with a message is offered", () => {
  const message = { id: "1", type: 0, author: { id: "a" } };
  const on = (item, viewer, ...names) => {
    const rights = messageRights(item, { type: 0, guild_id: "9", permissions: bits(...names) }, viewer);
    return Object.keys(rights).filter((name) => rights[name]);
  };
  assert.deepEqual(on(message, "a", "SEND_MESSAGES"), ["reply", "edit", "remove"]);
  assert.deepEqual(on(message, "b", "SEND_MESSAGES", "ADD_REACTIONS"), ["reply", "react"]);
  assert.deepEqual(on(message, "b", "MANAGE_MESSAGES"), ["pin", "remove"]);
  assert.deepEqual(
    on({ ...message, ephemeral: true }, "a", "SEND_MESSAGES", "MANAGE_MESSAGES", "USE_COMMANDS"),
    [],
  );
  assert.deepEqual(on({ ...message, thread: { id: "1" } }, "b", "CREATE_PUBLIC_THREADS"), ["openThread"]);
  assert.deepEqual(on({ ...message, type: 18 }, "b", "CREATE_PUBLIC_THREADS", "USE_COMMANDS"), []);
});

test("a thread is its owner's to rename and archive, a moderator's to lock", () => {
  const on = (item, viewer) => {
    const rights = threadRights(item, viewer);
    return Object.keys(rights).filter((name) => rights[name]);
  };
  assert.deepEqual(on(thread({}, "SEND_MESSAGES"), "a"), ["join", "rename", "archive"]);
  assert.deepEqual(on(thread({}, "SEND_MESSAGES"), "b"), ["join"]);
  assert.deepEqual(on(thread({ locked: true }, "SEND_MESSAGES"), "a"), ["join"]);
  assert.deepEqual(on({ ...thread({}, "MANAGE_THREADS"), joined: true }, "b"), [
    "leave",
    "rename",
    "archive",
    "lock",
    "remove",
  ]);
  assert.deepEqual(on(thread({ archived: true }, "SEND_MESSAGES"), "b"), ["unarchive"]);
  assert.deepEqual(on(thread({ archived: true, locked: true }, "SEND_MESSAGES"), "a"), []);
  assert.deepEqual(startRights({ type: 0, permissions: bits("CREATE_PRIVATE_THREADS") }), {
    public: false,
    private: true,
  });
});
