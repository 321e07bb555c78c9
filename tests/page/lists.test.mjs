import assert from "node:assert/strict";
import { test } from "node:test";

import {
  channelTree,
  firstChannel,
  isLocked,
  listedThreads,
  openable,
} from "../../sandbox/page/static/channels.js";
import { destinations, matches, score } from "../../sandbox/page/static/find.js";
import { memberGroups } from "../../sandbox/page/static/members.js";
import { displayName, excerpt, hueOf, initials, titleOf } from "../../sandbox/page/static/names.js";
import { notedOf } from "../../sandbox/page/static/noted.js";
import { forumState, shownPosts } from "../../sandbox/page/static/posts.js";
import { age, daysBetween, formatTime, madeAt } from "../../sandbox/page/static/times.js";

const place = (id, type, position, more = {}) => ({
  id,
  type,
  position,
  name: `n${id}`,
  guild_id: "9",
  parent_id: null,
  last_message_id: null,
  ...more,
});
const thread = (id, parent, more = {}) => ({
  id,
  type: 11,
  name: `t${id}`,
  guild_id: "9",
  parent_id: parent,
  last_message_id: null,
  joined: false,
  message_count: 0,
  applied_tags: [],
  thread_metadata: { archived: false },
  ...more,
});

const GUILD = {
  id: "9",
  name: "Home",
  roles: [
    { id: "r1", name: "staff", position: 1 },
    { id: "r2", name: "boss", position: 2 },
  ],
  members: [],
  channels: [
    place("3", 0, 2, { parent_id: "1" }),
    place("2", 0, 0, { parent_id: "1" }),
    place("1", 4, 5),
    place("4", 15, 1),
    place("5", 2, 3),
    place("6", 0, 4, { parent_id: "77" }),
    thread("11", "2"),
    thread("12", "2", { last_message_id: "99" }),
    thread("13", "2", { thread_metadata: { archived: true } }),
    thread("14", "4"),
    thread("15", "4", { joined: true }),
  ],
};

test("channels stand in their categories, by position; those of unknown ones on top", () => {
  const shown = channelTree(GUILD).map(({ category, channels }) => [
    category?.id ?? null,
    channels.map(({ channel }) => channel.id),
  ]);
  assert.deepEqual(shown, [
    [null, ["4", "5", "6"]],
    ["1", ["2", "3"]],
  ]);
});

test("open threads stand under their channel, last active first; a forum's when joined", () => {
  const ids = (channel) =>
    listedThreads(
      GUILD,
      GUILD.channels.find((item) => item.id === channel),
    ).map((item) => item.id);
  assert.deepEqual([ids("2"), ids("4"), ids("3")], [["12", "11"], ["15"], []]);
});

test("what can be opened leaves out voice; a server opens with a room, not a forum", () => {
  assert.deepEqual(
    openable(GUILD).map((item) => item.id),
    ["4", "15", "6", "2", "12", "11", "3"],
  );
  assert.equal(firstChannel(GUILD).id, "15");
  assert.equal(firstChannel({ ...GUILD, channels: [place("4", 15, 1)] }).id, "4");
  assert.equal(firstChannel({ ...GUILD, channels: [] }), null);
});

test("a lock stands where everyone is kept out", () => {
  const rule = (id, deny) => place("1", 0, 0, { permission_overwrites: [{ id, type: 0, allow: "0", deny }] });
  assert.equal(isLocked(rule("9", "1024"), GUILD), true);
  assert.equal(isLocked(rule("9", "2048"), GUILD), false);
  assert.equal(isLocked(rule("8", "1024"), GUILD), false);
  assert.equal(isLocked({ type: 12 }, GUILD), true);
});

test("the switcher finds channels, threads, direct messages and people, best match first", () => {
  const state = {
    viewer: { id: "1", username: "me" },
    guilds: new Map([
      [
        "9",
        {
          ...GUILD,
          channels: [
            ...GUILD.channels,
            place("20", 0, 9, { name: "general" }),
            place("21", 0, 9, { name: "old-general" }),
          ],
        },
      ],
    ]),
    direct: [{ id: "30", type: 1, recipients: [{ username: "genie" }] }],
    people: [
      { id: "1", username: "me", standing: "owner" },
      { id: "2", username: "gene", global_name: "Éugene", standing: "member" },
    ],
  };
  const items = destinations(state);
  assert.deepEqual(
    matches(items, "gen").map((item) => item.label),
    ["genie", "Éugene", "general", "old-general"],
  );
  assert.deepEqual(
    matches(items, "#general").map((item) => item.label),
    ["general", "old-general"],
  );
  assert.deepEqual(
    matches(items, "eugene").map((item) => [item.label, item.kind]),
    [["Éugene", "person"]],
  );
  assert.deepEqual(
    matches(items, "t12").map((item) => item.id),
    ["12"],
  );
  assert.deepEqual(
    matches(items, "me").map((item) => item.kind),
    [],
  );
  assert.equal(matches(items, "")[0].id, "12");
  assert.deepEqual(matches(items, "zzz"), []);
});

for (const [text, wanted, points] of [
  ["help", "help", 5],
  ["help-desk", "help", 4],
  ["old-help", "help", 3],
  ["whelp", "help", 2],
  ["have love, please", "help", 1],
  ["hel", "help", 0],
]) {
  test(`a match of ${wanted} with ${text} is worth ${points}`, () =>
    assert.equal(score(text, wanted), points));
}

test("members stand by standing: owner, roles from the top, members, newcomers, applications", () => {
  const person = (name, standing, bot = false) => ({
    user: { id: "1", username: name },
    standing,
    bot,
    roles: [],
  });
  const members = [
    person("bot", "bot role", true),
    person("zoe", "member"),
    person("new", "newcomer"),
    person("al", "member"),
    person("sam", "staff"),
    person("bo", "boss"),
    person("me", "owner"),
  ];
  const groups = memberGroups({ ...GUILD, members });
  assert.deepEqual(
    groups.map(({ title, members: all }) => [title, all.map(displayName)]),
    [
      ["Owner", ["me"]],
      ["boss", ["bo"]],
      ["staff", ["sam"]],
      ["Members", ["al", "zoe"]],
      ["Newcomers", ["new"]],
      ["Applications", ["bot"]],
    ],
  );
});

test("names: a nick before a display name before a username", () => {
  const user = { id: "1", username: "u", global_name: "G" };
  assert.equal(displayName(user), "G");
  assert.equal(displayName({ user, nick: "N" }), "N");
  assert.equal(displayName({ author: user, member: { nick: "M" } }), "M");
  assert.equal(displayName({ author: { username: "u", global_name: null }, member: { nick: null } }), "u");
  assert.equal(titleOf({ recipients: [user] }), "G");
  assert.equal(titleOf(null), "");
});

for (const [name, letters] of [
  ["alice", "A"],
  ["Home Garden", "HG"],
  ["élan vital x", "ÉV"],
  ["🦊 fox", "🦊F"],
  ["", "?"],
  ["--", "?"],
]) {
  test(`initials of "${name}"`, () => assert.equal(initials(name), letters));
}

test("a colour stays with an id", () => {
  assert.equal(hueOf("1311768467463790320"), hueOf("1311768467463790320"));
  const hues = new Set(
    Array.from({ length: 60 }, (_, number) => hueOf(String(1311768467463790320n + BigInt(number)))),
  );
  assert.equal(hues.size, 12);
});

test("an excerpt is one line and says what there is besides words", () => {
  assert.equal(excerpt({ content: "one\n two", attachments: [] }), "one two");
  assert.equal(excerpt({ content: "x".repeat(20) }, 10), `${"x".repeat(9)}…`);
  assert.equal(excerpt({ content: "", embeds: [{ description: "about" }] }), "about");
  const card = { title: "#0001 Password", description: "How do I reset it?" };
  assert.equal(excerpt({ content: "", embeds: [card] }), card.description);
  assert.equal(excerpt({ content: "", attachments: [{}, {}] }), "2 files");
  assert.equal(excerpt({ content: "" }), "");
});

test("posts that bear all chosen tags, open ones first", () => {
  const post = (id, tags, last, archived = false) => ({
    thread: thread(id, "4", { applied_tags: tags, last_message_id: last, thread_metadata: { archived } }),
  });
  const posts = [
    post("1", ["a"], "10"),
    post("2", ["a", "b"], "12", true),
    post("3", ["b", "a"], "11"),
    post("4", [], null),
  ];
  const ids = (tags) => shownPosts(posts, tags).map((item) => item.thread.id);
  assert.deepEqual(
    [ids([]), ids(["a"]), ids(["a", "b"]), ids(["c"])],
    [["3", "1", "4", "2"], ["3", "1", "2"], ["3", "2"], []],
  );
});

test("a forum's list is asked for anew when a post is opened, written in, renamed, tagged or archived", () => {
  const state = (more) => forumState({ channels: [thread("14", "4", more), thread("15", "5")] }, "4");
  const before = state({});
  assert.equal(state({}), before);
  for (const more of [
    { id: "16" },
    { last_message_id: "3" },
    { name: "x" },
    { applied_tags: ["a"] },
    { thread_metadata: { archived: true } },
  ])
    assert.notEqual(state(more), before);
});

test("times in words", () => {
  const now = new Date(2026, 2, 10, 15, 30);
  const at = (...parts) => new Date(...parts);
  const chat = (date) => formatTime(date, "chat", now, "en-GB");
  assert.equal(chat(at(2026, 2, 10, 9, 5)), "09:05");
  assert.equal(chat(at(2026, 2, 9, 23, 59)), "Yesterday 23:59");
  assert.equal(chat(at(2026, 2, 8, 12, 0)), "08/03/2026 12:00");
  const relative = (date) => formatTime(date, "R", now, "en");
  assert.equal(relative(at(2026, 2, 10, 15, 29, 30)), "30 seconds ago");
  assert.equal(relative(at(2026, 2, 10, 13, 30)), "2 hours ago");
  assert.equal(relative(at(2026, 2, 12, 15, 30)), "in 2 days");
  assert.equal(formatTime(new Date("nonsense")), "an unknown time");
  assert.equal(daysBetween(at(2026, 2, 9, 23, 59), at(2026, 2, 10, 0, 1)), 1);
  assert.equal(
    madeAt("1311768467463790320").toISOString(),
    new Date(Number((1311768467463790320n >> 22n) + 1420070400000n)).toISOString(),
  );
});

for (const [minutes, text] of [
  [0, "now"],
  [5, "5 min"],
  [60, "1 h"],
  [1440, "1 d"],
  [1440 * 59, "59 d"],
  [1440 * 60, "2 mo"],
  [1440 * 800, "2 y"],
]) {
  test(`an age of ${minutes} minutes`, () =>
    assert.equal(age(new Date(0), new Date(minutes * 60_000)), text));
}

test("the notes of a room are its latest, those with nothing to do only when asked for", () => {
  const note = (id, tone) => ({ id, note: tone && { title: "t", tone, rows: [] } });
  const room = [
    note("1", "good"),
    note("2", "quiet"),
    note("3", null),
    note("4", "warn"),
    note("5", "quiet"),
  ];
  const ids = ({ shown }) => shown.map((message) => message.id);
  assert.deepEqual(ids(notedOf(room, true)), ["4", "1"]);
  assert.deepEqual(ids(notedOf(room, false)), ["5", "4", "2", "1"]);
  assert.equal(notedOf(room, true).quiet, 2);
  const chatter = Array.from({ length: 80 }, (_, index) => note(String(index + 10), "quiet"));
  assert.deepEqual(ids(notedOf([...room, ...chatter], true)), ["4", "1"]);
  assert.equal(notedOf(chatter, false).shown.length, 50);
});
