import assert from "node:assert/strict";
import { test } from "node:test";
import {
  completed,
  findEntries,
  flatten,
  menus,
  parseCommand,
  splitOptions,
} from "../../sandbox/page/static/writing/commands.js";
import { score } from "../../sandbox/page/static/writing/fuzzy.js";
import { choicesFor, hint, readField, readFields } from "../../sandbox/page/static/writing/options.js";

const application = { id: "1", name: "Demo" };
const COMMANDS = [
  {
    id: "10",
    type: 1,
    name: "ask",
    description: "Ask the bot",
    application,
    options: [
      { type: 3, name: "question", required: true },
      { type: 5, name: "quietly" },
    ],
  },
  {
    id: "11",
    type: 1,
    name: "config",
    description: "Settings",
    application,
    options: [
      {
        type: 1,
        name: "staff",
        description: "Who is staff",
        options: [
          { type: 3, name: "note" },
          { type: 8, name: "role", required: true },
        ],
      },
      {
        type: 2,
        name: "channels",
        options: [
          {
            type: 1,
            name: "track",
            description: "Follow a channel",
            options: [{ type: 7, name: "where", required: true }],
          },
        ],
      },
    ],
  },
  { id: "12", type: 3, name: "Explain", description: "", application },
  { id: "13", type: 2, name: "Profile", description: "", application },
];
const ENTRIES = flatten(COMMANDS);
const WORLD = {
  viewer: { id: "100000000000000001", username: "alice" },
  guild: {
    id: "200000000000000000",
    members: [
      { user: { id: "100000000000000001", username: "alice" }, nick: "Ally" },
      { user: { id: "100000000000000002", username: "bob", global_name: "Bob B" } },
    ],
    roles: [
      { id: "200000000000000000", name: "@everyone" },
      { id: "300000000000000001", name: "staff" },
    ],
    channels: [
      { id: "400000000000000001", name: "help", type: 0 },
      { id: "400000000000000002", name: "voice", type: 2 },
    ],
  },
};

test("subcommands are entries of their own, required options first", () => {
  assert.deepEqual(
    ENTRIES.map((entry) => entry.name),
    ["ask", "config staff", "config channels track"],
  );
  assert.deepEqual(
    ENTRIES[1].options.map((option) => option.name),
    ["role", "note"],
  );
  assert.equal(ENTRIES[2].description, "Follow a channel");
});

test("menus are listed by their kind", () => {
  assert.deepEqual(
    menus(COMMANDS, 3).map((item) => item.name),
    ["Explain"],
  );
  assert.deepEqual(
    menus(COMMANDS, 2).map((item) => item.name),
    ["Profile"],
  );
});

test("the picker finds by start, by word, by scattered letters and by description", () => {
  const names = (query) => findEntries(ENTRIES, query).map((entry) => entry.name);
  assert.deepEqual(names(""), ["ask", "config staff", "config channels track"]);
  assert.equal(names("track")[0], "config channels track");
  assert.equal(names("cst")[0], "config staff");
  assert.deepEqual(names("follow"), ["config channels track"]);
  assert.deepEqual(names("zzz"), []);
});

test("a whole command is read from text", () => {
  const read = (text) => {
    const found = parseCommand(text, ENTRIES);
    return found && [found.entry.name, found.texts, found.surplus];
  };
  assert.deepEqual(read("/config staff role:@mods note:so it is"), [
    "config staff",
    { role: "@mods", note: "so it is" },
    undefined,
  ]);
  assert.deepEqual(read("/ask how are you?"), ["ask", { question: "how are you?" }, undefined]);
  assert.deepEqual(read("/ask quietly:true question:see https://example.org:80/x"), [
    "ask",
    { quietly: "true", question: "see https://example.org:80/x" },
    undefined,
  ]);
  assert.deepEqual(read("/config channels track"), ["config channels track", {}, undefined]);
  assert.deepEqual(read("/config channels track extra where:#help"), [
    "config channels track",
    { where: "#help" },
    "extra",
  ]);
  assert.equal(read("/config"), null);
  assert.equal(read("/asking"), null);
  assert.equal(read("ask"), null);
});

test("of two applications' commands the longer name is meant", () => {
  const short = {
    id: "20",
    type: 1,
    name: "say",
    description: "",
    application,
    options: [{ type: 3, name: "text" }],
  };
  const long = {
    id: "21",
    type: 1,
    name: "say",
    description: "",
    application,
    options: [{ type: 1, name: "loud", options: [{ type: 3, name: "text" }] }],
  };
  for (const order of [
    [long, short],
    [short, long],
  ])
    assert.equal(parseCommand("/say loud hey", flatten(order)).entry.name, "say loud");
  assert.deepEqual(parseCommand("/say aloud", flatten([long, short])).texts, { text: "aloud" });
});

test("a name inside a word doesn't start an option", () => {
  assert.deepEqual(splitOptions("unnote:x", [{ name: "note" }]), { lead: "unnote:x", texts: {}, last: null });
});

test("a command typed in full with a space is complete, the start of longer ones is not", () => {
  assert.equal(completed("/config staff ", ENTRIES).name, "config staff");
  assert.equal(completed("/config ", ENTRIES), null);
  assert.equal(completed("/ask", ENTRIES), null);
});

const read = (option, text) => readField(option, text === undefined ? undefined : { text }, WORLD);

test("text keeps to its length", () => {
  const option = { type: 3, name: "x", min_length: 2, max_length: 4 };
  assert.deepEqual(read(option, "abc"), { value: "abc" });
  assert.match(read(option, "a").error, /At least 2/);
  assert.match(read(option, "abcde").error, /At most 4/);
  assert.deepEqual(read(option, "ab😀😀"), { value: "ab😀😀" });
});

test("numbers keep to their limits", () => {
  const whole = { type: 4, name: "n", min_value: 1, max_value: 10 };
  assert.deepEqual(read(whole, "7"), { value: 7 });
  for (const text of ["0", "11", "2.5", "seven", "1e99"]) assert.ok(read(whole, text).error, text);
  assert.deepEqual(read({ type: 10, name: "n" }, "2,5"), { value: 2.5 });
});

test("names become ids, ids and mentions stay", () => {
  for (const text of ["@Ally", "alice", "ALLY", "<@100000000000000001>", "100000000000000001"]) {
    assert.deepEqual(read({ type: 6, name: "who" }, text), { value: "100000000000000001" }, text);
  }
  assert.deepEqual(read({ type: 8, name: "r" }, "@staff"), { value: "300000000000000001" });
  assert.deepEqual(read({ type: 9, name: "r" }, "staff"), { value: "300000000000000001" });
  assert.deepEqual(read({ type: 7, name: "c" }, "#help"), { value: "400000000000000001" });
  assert.ok(read({ type: 7, name: "c", channel_types: [0] }, "#voice").error);
  assert.ok(read({ type: 6, name: "who" }, "nobody").error);
});

test("choices and switches go by their names", () => {
  const option = {
    type: 3,
    name: "x",
    choices: [
      { name: "Red one", value: "r" },
      { name: "Blue", value: "b" },
    ],
  };
  assert.deepEqual(read(option, "red one"), { value: "r" });
  assert.ok(read(option, "green").error);
  assert.deepEqual(read({ type: 5, name: "b" }, "yes"), { value: true });
  assert.deepEqual(read({ type: 4, name: "n", choices: [{ name: "Many", value: 9 }] }, "many"), { value: 9 });
  assert.deepEqual(
    choicesFor(option, "bl", WORLD).map((item) => item.value),
    ["b"],
  );
});

test("what was chosen from a list counts as it is, empty ones are left out or needed", () => {
  const entry = ENTRIES[0];
  assert.deepEqual(readFields(entry, { question: { text: "Shown", value: "kept" } }, WORLD), {
    values: { question: "kept" },
    errors: {},
  });
  assert.deepEqual(Object.keys(readFields(entry, { question: { text: "  " } }, WORLD).errors), ["question"]);
  assert.match(read({ type: 11, name: "f", required: true }).error, /file/);
});

test("hints say the limits", () => {
  assert.equal(hint({ type: 4, min_value: 1, max_value: 10 }), "a whole number, 1 to 10");
  assert.equal(hint({ type: 3, max_length: 80 }), "text, at most 80 characters");
});

test("names and options with hyphens and apostrophes are found", () => {
  assert.equal(score("privacy opt-o", "privacy opt-out"), 900);
  assert.equal(score("opt-out", "privacy opt-out"), 693);
  assert.deepEqual(
    splitOptions("dry-run:yes l'option:no", [{ name: "dry-run" }, { name: "l'option" }]).texts,
    {
      "dry-run": "yes",
      "l'option": "no",
    },
  );
});
