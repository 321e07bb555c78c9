import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decode,
  encode,
  insert,
  suggestions,
  triggerAt,
} from "../../sandbox/page/static/writing/mentions.js";

const WORLD = {
  viewer: { id: "1", username: "alice" },
  mayPingAll: false,
  guild: {
    id: "9",
    members: [
      { user: { id: "1", username: "alice" }, nick: "Ann" },
      { user: { id: "2", username: "bob", global_name: "Bob" } },
      { user: { id: "3", username: "bobby", global_name: "Bob the Great" } },
      { user: { id: "4", username: "sam1", global_name: "Sam" } },
      { user: { id: "5", username: "sam2", global_name: "Sam" } },
    ],
    roles: [
      { id: "9", name: "@everyone" },
      { id: "7", name: "staff" },
    ],
    channels: [
      { id: "6", name: "help", type: 0 },
      { id: "8", name: "Area", type: 4 },
    ],
  },
};

test("a trigger is a sign at the start of a word up to the caret", () => {
  assert.deepEqual(triggerAt("hi @bo", 6), { kind: "@", query: "bo", start: 3, end: 6 });
  assert.deepEqual(triggerAt("@", 1), { kind: "@", query: "", start: 0, end: 1 });
  assert.equal(triggerAt("see #he there", 7).kind, "#");
  assert.equal(triggerAt(":smi", 4).query, "smi");
  for (const text of ["mail me@bo", "at 10:30", ":s", "`@bo", "```\n@bo", "@bo b"])
    assert.equal(triggerAt(text, text.length), null, text);
  assert.ok(triggerAt("`code` @bo", 10));
});

test("suggestions come best first and tell people of one name apart", () => {
  const shown = (query) => suggestions({ kind: "@", query }, WORLD).map((item) => item.shown);
  assert.deepEqual(shown("bob"), ["@Bob", "@Bob the Great"]);
  assert.deepEqual(shown("sam"), ["@sam1", "@sam2"]);
  assert.deepEqual(shown("sta"), ["@staff"]);
  assert.deepEqual(shown("every"), []);
  assert.deepEqual(
    suggestions({ kind: "@", query: "every" }, { ...WORLD, mayPingAll: true })[0].token,
    "@everyone",
  );
  assert.deepEqual(
    suggestions({ kind: "#", query: "" }, WORLD).map((item) => item.token),
    ["<#6>"],
  );
});

test("choosing replaces what was typed and leaves one space", () => {
  const trigger = triggerAt("hi @bo", 6);
  assert.deepEqual(insert("hi @bo", trigger, "@Bob"), { text: "hi @Bob ", caret: 8 });
  assert.deepEqual(insert("hi @bo there", trigger, "@Bob"), { text: "hi @Bob there", caret: 8 });
});

test("names are sent as ids, the longest first, code stays", () => {
  const sent = (text, picks = []) => encode(text, picks, WORLD);
  assert.equal(sent("@Bob the Great and @Bob, see #help"), "<@3> and <@2>, see <#6>");
  assert.equal(sent("@Bobs @nobody me@Bob"), "@Bobs @nobody me@Bob");
  assert.equal(sent("`@Bob` ```\n@Bob``` @Bob"), "`@Bob` ```\n@Bob``` <@2>");
  assert.equal(sent("@staff @alice @everyone"), "<@&7> <@1> @everyone");
  assert.equal(sent("@Left here", [{ shown: "@Left", token: "<@44>" }]), "<@44> here");
  assert.equal(sent("<@2>"), "<@2>");
});

test("ids are edited as names and come back the same", () => {
  const { text, picks } = decode("<@2> <@!3> <@&7> <#6> <@77> `<@2>`", WORLD);
  assert.equal(text, "@Bob @Bob the Great @staff #help <@77> `<@2>`");
  assert.equal(encode(text, picks, WORLD), "<@2> <@3> <@&7> <#6> <@77> `<@2>`");
});
