import assert from "node:assert/strict";
import { test } from "node:test";

import { choicesOf, initialValues, matching, toggled } from "../../sandbox/page/static/choices.js";
import { contrast, readable, roleColour, textColour } from "../../sandbox/page/static/colours.js";
import { CATEGORIES, findEmoji, recentEmoji, rememberEmoji } from "../../sandbox/page/static/emoji.js";
import { columns, fileSize, shownSize } from "../../sandbox/page/static/extents.js";
import { isBeyond, partsOf, problems, startValues } from "../../sandbox/page/static/forms.js";
import {
  hostOf,
  isLoadable,
  isOwnMedia,
  isWebAddress,
  placeOf,
  safeLink,
} from "../../sandbox/page/static/links.js";
import { systemLine } from "../../sandbox/page/static/system.js";
import { around, continues, moved, timeline, windowOf } from "../../sandbox/page/static/timeline.js";

const NOON = Date.parse("2026-03-05T12:00:00");

function message(id, minutes, changes = {}) {
  return {
    id: String(id),
    type: 0,
    author: { id: "1", username: "ann" },
    timestamp: new Date(NOON + minutes * 60_000).toISOString(),
    ...changes,
  };
}

test("messages of one author within seven minutes stand together", () => {
  const first = message(1, 0);
  assert.ok(continues(message(2, 6.9), first));
  assert.ok(!continues(message(2, 7), first));
  assert.ok(!continues(message(2, 1), undefined));
});

for (const [what, changes] of [
  ["another author", { author: { id: "2", username: "bob" } }],
  ["a webhook of another name", { author: { id: "1", username: "hook" } }],
  ["a reply", { type: 19 }],
  ["a command's answer", { interaction_metadata: {} }],
  ["an ephemeral message", { ephemeral: true }],
  ["an event", { type: 7 }],
]) {
  test(`${what} starts anew`, () => assert.ok(!continues(message(2, 1, changes), message(1, 0))));
}

test("a message after an event starts anew", () =>
  assert.ok(!continues(message(2, 1), message(1, 0, { type: 7 }))));

test("rows have days, and one line above what is new", () => {
  const messages = [message(1, 0), message(2, 1), message(3, 24 * 60), message(4, 24 * 60 + 1)];
  const kinds = (rows) =>
    rows.map((row) => (row.kind === "message" ? `${row.message.id}${row.compact ? "c" : ""}` : row.kind));
  assert.deepEqual(kinds(timeline(messages)), ["day", "1", "2c", "day", "3", "4c"]);
  assert.deepEqual(kinds(timeline(messages, { readId: "1" })), ["day", "1", "new", "2", "day", "3", "4c"]);
  assert.deepEqual(kinds(timeline(messages, { readId: "4" })), ["day", "1", "2c", "day", "3", "4c"]);
  assert.deepEqual(kinds(timeline(messages, { readId: "1", viewerId: "1" })), [
    "day",
    "1",
    "2c",
    "day",
    "3",
    "4c",
  ]);
  assert.deepEqual(kinds(timeline(messages.slice(1), { before: messages[0], readId: "0" })), [
    "2c",
    "day",
    "3",
    "4c",
  ]);
});

test("the window over many messages moves and keeps its size", () => {
  const messages = Array.from({ length: 1000 }, (_, index) => message(1000 + index, index));
  let shown = { first: null, last: null };
  assert.deepEqual(windowOf(messages, shown, 80), [920, 1000]);
  for (let step = 0; step < 5; step += 1) shown = moved(messages, windowOf(messages, shown, 80), -60, 300);
  assert.deepEqual(windowOf(messages, shown, 80), [620, 920]);
  shown = moved(messages, [0, 300], -60, 300);
  assert.deepEqual(windowOf(messages, shown, 80), [0, 300]);
  shown = moved(messages, [690, 990], 60, 300);
  assert.deepEqual([windowOf(messages, shown, 80), shown.last], [[700, 1000], null]);
  assert.deepEqual(windowOf(messages, around(messages, "1500", 80), 80), [460, 540]);
  assert.deepEqual(windowOf(messages, around(messages, "1999", 80), 80), [959, 1000]);
});

test("a window whose first message was deleted stays where it was", () => {
  const messages = [message(10, 0), message(12, 1), message(13, 2)];
  assert.deepEqual(windowOf(messages, { first: "11", last: null }, 80), [1, 3]);
  assert.deepEqual(windowOf(messages, { first: "10", last: "11" }, 80), [0, 1]);
  assert.deepEqual(windowOf([], { first: "10", last: "11" }, 80), [0, 0]);
});

test("any colour of a role can be read on either background", () => {
  for (let colour = 1; colour < 0xffffff; colour += 98_765) {
    assert.ok(contrast(readable(colour, "dark"), 0x1f2127) >= 4.5, colour.toString(16));
    assert.ok(contrast(readable(colour, "light"), 0xffffff) >= 4.5, colour.toString(16));
  }
  assert.equal(readable(0xffffff, "dark"), 0xffffff);
  assert.equal(textColour(0), null);
});

test("the highest coloured role gives the colour", () => {
  const guild = {
    roles: [
      { id: "1", color: 5, position: 1 },
      { id: "2", color: 0, position: 9 },
      { id: "3", color: 7, position: 2 },
      { id: "4", color: 8, position: 5 },
    ],
  };
  assert.equal(roleColour(guild, ["1", "2", "3"]), 7);
  assert.equal(roleColour(guild, []), 0);
  assert.equal(roleColour(null, ["1"]), 0);
});

const GUILD = {
  id: "9",
  members: [{ user: { id: "1", username: "ann", global_name: "Ann" } }],
  roles: [
    { id: "9", name: "@everyone", position: 0 },
    { id: "8", name: "staff", position: 1, color: 3 },
  ],
  channels: [
    { id: "5", name: "help", type: 0 },
    { id: "6", name: "voice", type: 2 },
  ],
};

test("each kind of select offers what it is for", () => {
  const values = (component, ...more) => choicesOf(component, ...more).map((choice) => choice.value);
  assert.deepEqual(values({ type: 3, options: [{ label: "A", value: "a" }] }, GUILD), ["a"]);
  assert.deepEqual(values({ type: 5 }, GUILD), ["1"]);
  assert.deepEqual(values({ type: 6 }, GUILD), ["8"]);
  assert.deepEqual(values({ type: 7 }, GUILD), ["1", "8"]);
  assert.deepEqual(values({ type: 8 }, GUILD), ["5", "6"]);
  assert.deepEqual(values({ type: 8, channel_types: [2] }, GUILD), ["6"]);
  assert.deepEqual(values({ type: 5 }, null, [{ id: "4", username: "bob" }]), ["4"]);
});

test("a select starts with its defaults and keeps to its limits", () => {
  assert.deepEqual(initialValues({ type: 3, options: [{ value: "a" }, { value: "b", default: true }] }), [
    "b",
  ]);
  assert.deepEqual(initialValues({ type: 5, default_values: [{ id: "7", type: "user" }] }), ["7"]);
  assert.deepEqual(toggled({}, ["a"], "b"), ["b"]);
  assert.deepEqual(toggled({}, ["a"], "a"), ["a"]);
  assert.deepEqual(toggled({ min_values: 0 }, ["a"], "a"), []);
  assert.deepEqual(toggled({ max_values: 2 }, ["a"], "b"), ["a", "b"]);
  assert.deepEqual(toggled({ max_values: 2 }, ["a", "b"], "c"), ["a", "b"]);
  assert.deepEqual(toggled({ max_values: 2 }, ["a", "b"], "a"), ["b"]);
});

test("searching choices looks at labels and descriptions", () => {
  const choices = [{ label: "Apple", description: "red fruit" }, { label: "Pear" }];
  assert.deepEqual(matching(choices, "FRUIT red"), [choices[0]]);
  assert.deepEqual(matching(choices, ""), choices);
});

const FORM = {
  components: [
    { type: 10, content: "hi" },
    {
      type: 18,
      label: "Name",
      component: { type: 4, custom_id: "name", min_length: 3, max_length: 5, value: "Ann" },
    },
    {
      type: 18,
      label: "Fruit",
      component: {
        type: 3,
        custom_id: "fruit",
        min_values: 2,
        max_values: 3,
        options: [{ label: "A", value: "a", default: true }],
      },
    },
    { type: 1, components: [{ type: 4, custom_id: "why", label: "Why", required: false, min_length: 2 }] },
    { type: 18, label: "File", component: { type: 19, custom_id: "file" } },
  ],
};

test("a form's parts and what it starts with", () => {
  assert.deepEqual(
    partsOf(FORM).map((part) => part.label ?? part.content),
    ["hi", "Name", "Fruit", "Why", "File"],
  );
  assert.deepEqual(startValues(FORM), { name: "Ann", fruit: ["a"], why: "" });
});

for (const [values, expected] of [
  [{ name: "Ann", fruit: ["a", "b"], why: "" }, []],
  [{ name: "", fruit: ["a", "b"], why: "" }, ["name"]],
  [{ name: "An", fruit: ["a"], why: "x" }, ["name", "fruit", "why"]],
  [{ name: "Annabel", fruit: ["a", "b"], why: "yes" }, ["name"]],
]) {
  test(`what is wrong with ${JSON.stringify(values)}`, () =>
    assert.deepEqual(Object.keys(problems(FORM, values)), expected));
}

const TICKED = {
  components: [
    {
      type: 18,
      label: "Size",
      component: { type: 21, custom_id: "size", options: [{ value: "s" }, { value: "l", default: true }] },
    },
    {
      type: 18,
      label: "Extras",
      component: {
        type: 22,
        custom_id: "extras",
        max_values: 2,
        options: [{ value: "a" }, { value: "b" }, { value: "c" }],
      },
    },
    { type: 18, label: "Agreed", component: { type: 23, custom_id: "agreed" } },
    { type: 18, label: "Picture", component: { type: 19, custom_id: "picture", required: false } },
  ],
};

test("options and boxes of a form start as it says and are counted", () => {
  assert.deepEqual(startValues(TICKED), { size: "l", extras: [], agreed: false });
  const wrong = (values) => Object.keys(problems(TICKED, { size: "s", agreed: false, ...values }));
  assert.deepEqual(wrong({ extras: ["a"] }), []);
  assert.deepEqual(wrong({ extras: [], size: "" }), ["size", "extras"]);
  assert.deepEqual(wrong({ extras: ["a", "b", "c"] }), ["extras"]);
});

test("a form is beyond the page when it must have what the page can't give", () => {
  const upload = { type: 18, label: "Picture", component: { type: 19, custom_id: "picture" } };
  assert.ok(!isBeyond(TICKED));
  assert.ok(isBeyond({ components: [upload] }));
});

test("only addresses that do no harm are followed", () => {
  assert.equal(safeLink("https://a.example/x"), "https://a.example/x");
  for (const bad of [
    "javascript:alert(1)",
    " javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "//a.example",
    "",
    null,
    5,
    "attachment://x",
    "mailto:a@b.example",
  ]) {
    assert.equal(safeLink(bad), null, String(bad));
    assert.ok(!isWebAddress(bad));
  }
  assert.ok(isLoadable("HTTPS://a.example/x.png"));
  for (const bad of ["http://a.example/x.png", "data:image/png,x", "x"]) assert.ok(!isLoadable(bad), bad);
  assert.equal(hostOf("https://a.example:81/x"), "a.example:81");
});

test("addresses of Discord's own places are told from others", () => {
  const place = { guild: "1", channel: "22", message: "333" };
  for (const host of ["discord.com", "ptb.discord.com", "canary.discord.com", "discordapp.com"])
    assert.deepEqual(placeOf(`https://${host}/channels/1/22/333`), place, host);
  assert.deepEqual(placeOf("https://discord.com/channels/1/22"), { ...place, message: null });
  assert.deepEqual(placeOf("https://discord.com/channels/@me/22/"), {
    guild: null,
    channel: "22",
    message: null,
  });
  for (const other of [
    "https://discord.com/channels/1",
    "https://discord.com/channels/1/22/333/4",
    "https://discord.com/channels/1/x",
    "https://discord.com/invite/22",
    "https://discord.com.example/channels/1/22",
    "https://evil.example/discord.com/channels/1/22",
    "https://notdiscord.com/channels/1/22",
    "mailto:discord.com/channels/1/22",
    "",
    null,
  ])
    assert.equal(placeOf(other), null, String(other));
});

test("only the sandbox's own pictures are loaded by themselves", () => {
  const cdn = "http://127.0.0.1:4000/cdn";
  assert.ok(isOwnMedia("http://127.0.0.1:4000/cdn/attachments/1/2/a.png", cdn));
  assert.ok(isOwnMedia("data:image/png;base64,AA", cdn));
  for (const other of [
    "http://127.0.0.1:4001/cdn/a.png",
    "https://127.0.0.1:4000/a.png",
    "https://a.example/a.png",
    "data:text/html,x",
    "http://127.0.0.1:4000@a.example/x",
    null,
  ])
    assert.ok(!isOwnMedia(other, cdn), String(other));
});

test("pictures fit their box and are never enlarged", () => {
  assert.deepEqual(shownSize({ width: 960, height: 320 }), { width: 480, height: 160 });
  assert.deepEqual(shownSize({ width: 100, height: 50 }), { width: 100, height: 50 });
  assert.deepEqual(shownSize({}), { width: 320, height: 200 });
});

test("three inline fields share a row", () => {
  const spans = (...inline) => columns(inline.map((value) => ({ inline: value }))).map((item) => item.span);
  assert.deepEqual(spans(true, true, true, true), [2, 2, 2, 6]);
  assert.deepEqual(spans(true, true, false, true), [3, 3, 6, 6]);
});

test("sizes of files", () =>
  assert.deepEqual([0, 512, 1536, 20_480, 5_242_880].map(fileSize), [
    "0 bytes",
    "512 bytes",
    "1.5 KB",
    "20 KB",
    "5.0 MB",
  ]));

test("events are told in words, unknown ones by their own", () => {
  assert.match(systemLine({ type: 7, content: "" }).text, /joined/);
  assert.ok(systemLine({ type: 18, content: "x" }).thread);
  assert.equal(systemLine({ type: 99, content: "what it says" }).text, "what it says");
  assert.ok(systemLine({ type: 99, content: "" }).text);
});

test("every emoji is one, and is listed once", () => {
  const all = CATEGORIES.flatMap((category) => category.emoji);
  for (const emoji of all) assert.match(emoji.character, /^\p{RGI_Emoji}$/v, JSON.stringify(emoji));
  for (const emoji of all) assert.ok(emoji.name && emoji.words.startsWith(emoji.name), JSON.stringify(emoji));
  const twice = all
    .map((emoji) => emoji.character)
    .filter((character, index, list) => list.indexOf(character) !== index);
  assert.deepEqual(twice, []);
  assert.ok(all.length > 400, String(all.length));
});

test("emoji are found by their words, the closest first", () => {
  assert.equal(findEmoji("rocket")[0].character, "🚀");
  assert.equal(findEmoji("thumbs up")[0].character, "👍");
  assert.ok(findEmoji("heart").length > 5);
  assert.deepEqual(findEmoji("  "), []);
  assert.deepEqual(findEmoji("qqqq"), []);
});

test("picked emoji are remembered, newest first, once each", () => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  for (const character of ["🚀", "👍", "🚀"]) rememberEmoji(storage, character);
  assert.deepEqual(
    recentEmoji(storage).map((emoji) => emoji.character),
    ["🚀", "👍"],
  );
  for (const emoji of CATEGORIES[0].emoji.slice(0, 40)) rememberEmoji(storage, emoji.character);
  assert.equal(recentEmoji(storage).length, 24);
});
