import assert from "node:assert/strict";
import { test } from "node:test";

import { isJumbo, NODE_TYPES, parse, textOf } from "../../sandbox/page/static/markdown.js";

/** A short form of a tree: text as strings, others as [type, ...] with what sets them apart. */
function brief(nodes) {
  return nodes.map((node) => {
    if (node.type === "text") return node.text;
    const { type, children, ...rest } = node;
    const told = Object.values(rest).filter((value) => value !== "" && value !== null && value !== false);
    return [type, ...told, ...(children ? brief(children) : [])];
  });
}

function cases(name, table) {
  for (const [source, expected] of table) {
    test(`${name}: ${JSON.stringify(source)}`, () => assert.deepEqual(brief(parse(source)), expected));
  }
}

cases("marks", [
  ["plain", ["plain"]],
  ["", []],
  ["**bold**", [["bold", "bold"]]],
  ["*it*", [["italic", "it"]]],
  ["_it_", [["italic", "it"]]],
  ["__under__", [["underline", "under"]]],
  ["~~gone~~", [["strike", "gone"]]],
  ["||secret||", [["spoiler", "secret"]]],
  ["***both***", [["italic", ["bold", "both"]]]],
  ["___both___", [["italic", ["underline", "both"]]]],
  ["__***all***__", [["underline", ["italic", ["bold", "all"]]]]],
  ["~~||a||~~", [["strike", ["spoiler", "a"]]]],
  ["*a **b** c*", [["italic", "a ", ["bold", "b"], " c"]]],
  ["**a *b* c**", [["bold", "a ", ["italic", "b"], " c"]]],
  ["**a\nb**", [["bold", "a\nb"]]],
  ["**a **b", [["bold", "a "], "b"]],
  ["** a **", [["bold", " a "]]],
  ["**foo***", [["bold", "foo*"]]],
  ["**open", ["**open"]],
  ["a * b * c", ["a * b * c"]],
  ["a *b * c", ["a *b * c"]],
  ["2*3*4", ["2", ["italic", "3"], "4"]],
  ["****", [["italic", "**"]]],
  ["~~a", ["~~a"]],
  ["|a|", ["|a|"]],
]);

cases("underscores in words", [
  ["snake_case_name", ["snake_case_name"]],
  ["_snake_case", ["_snake_case"]],
  ["_snake_ case", [["italic", "snake"], " case"]],
  ["_a_b_", ["_a", ["italic", "b"]]],
  ["a __b__ c", ["a ", ["underline", "b"], " c"]],
  ["__init__.py", [["underline", "init"], ".py"]],
]);

cases("escapes", [
  ["\\*no\\*", ["*no*"]],
  ["\\**half*", ["*", ["italic", "half"]]],
  ["**a\\** b**", [["bold", "a** b"]]],
  ["\\\\*it*", ["\\", ["italic", "it"]]],
  ["\\a", ["\\a"]],
  ["\\", ["\\"]],
  ["\\<@1>", ["<@1>"]],
  ["\\# no", ["# no"]],
  ["¯\\_(ツ)_/¯", ["¯\\_(ツ)_/¯"]],
]);

cases("code", [
  ["`a`", [["code", "a"]]],
  ["``a`b``", [["code", "a`b"]]],
  ["`` `a` ``", [["code", "`a`"]]],
  ["`**a**`", [["code", "**a**"]]],
  ["`a\\`", [["code", "a\\"]]],
  ["`open", ["`open"]],
  ["``a`", ["``a`"]],
  ["```a```", [["codeblock", "a"]]],
  ["```js\nlet a;\n```", [["codeblock", "js", "let a;"]]],
  ["```js\n```", [["codeblock", "js"]]],
  ["```no lang\nb```", [["codeblock", "no lang\nb"]]],
  ["```\n\n  a\n\n```", [["codeblock", "  a"]]],
  ["x ```a``` y", ["x ", ["codeblock", "a"], " y"]],
  [
    "```a```\n# b",
    [
      ["codeblock", "a"],
      ["heading", 1, "b"],
    ],
  ],
  ["``````", ["``````"]],
  ["```open", ["```open"]],
  ["```**a** <@1>```", [["codeblock", "**a** <@1>"]]],
]);

cases("quotes", [
  ["> a", [["quote", "a"]]],
  ["> a\n> b", [["quote", "a\nb"]]],
  ["> a\nb", [["quote", "a"], "b"]],
  [">a", [">a"]],
  ["a > b", ["a > b"]],
  ["x\n> a", ["x\n", ["quote", "a"]]],
  [">>> a\nb\n\nc", [["quote", "a\nb\n\nc"]]],
  ["> > a", [["quote", "> a"]]],
  ["> # a", [["quote", ["heading", 1, "a"]]]],
  ["> ```\n> a\n> ```", [["quote", ["codeblock", "a"]]]],
  ["> \n> a", [["quote", "\na"]]],
]);

cases("headings and small text", [
  ["# a", [["heading", 1, "a"]]],
  ["## a **b**", [["heading", 2, "a ", ["bold", "b"]]]],
  ["### a", [["heading", 3, "a"]]],
  ["#### a", ["#### a"]],
  ["#a", ["#a"]],
  ["# ", ["# "]],
  ["a # b", ["a # b"]],
  ["# a\nb", [["heading", 1, "a"], "b"]],
  ["-# small", [["subtext", "small"]]],
  ["-# -# small", ["-# -# small"]],
]);

cases("lists", [
  ["- a\n- b", [["list", ["item", "a"], ["item", "b"]]]],
  ["* a\n* b", [["list", ["item", "a"], ["item", "b"]]]],
  ["3. a\n4. b", [["list", 3, ["item", "a"], ["item", "b"]]]],
  ["- a\n  - b\n- c", [["list", ["item", "a", ["list", ["item", "b"]]], ["item", "c"]]]],
  ["- a\n  - b\n    1. c", [["list", ["item", "a", ["list", ["item", "b", ["list", 1, ["item", "c"]]]]]]]],
  [
    "- a\n1. b",
    [
      ["list", ["item", "a"]],
      ["list", 1, ["item", "b"]],
    ],
  ],
  ["- a\n  more", [["list", ["item", "a\nmore"]]]],
  ["- a\nb", [["list", ["item", "a"]], "b"]],
  ["- *a*", [["list", ["item", ["italic", "a"]]]]],
  ["-a", ["-a"]],
  ["- ", ["- "]],
  ["  - a\n- b", [["list", ["item", "a"], ["item", "b"]]]],
]);

cases("links", [
  ["https://a.example/x?y=1#z", [["link", "https://a.example/x?y=1#z", "https://a.example/x?y=1#z"]]],
  ["see https://a.example.", ["see ", ["link", "https://a.example", "https://a.example"], "."]],
  ["(https://a.example/b)", ["(", ["link", "https://a.example/b", "https://a.example/b"], ")"]],
  ["https://a.example/b_(c)", [["link", "https://a.example/b_(c)", "https://a.example/b_(c)"]]],
  ["<https://a.example>", [["link", "https://a.example", "https://a.example"]]],
  ["[text](https://a.example)", [["link", "https://a.example", "text"]]],
  [
    "[text](<https://a.example/b c>)",
    ["[text](<", ["link", "https://a.example/b", "https://a.example/b"], " c>)"],
  ],
  ["[text](<https://a.example/b>)", [["link", "https://a.example/b", "text"]]],
  ['[text](https://a.example "title")', [["link", "https://a.example", "text"]]],
  ["[**b** [c]](https://a.example)", [["link", "https://a.example", ["bold", "b"], " [c]"]]],
  ["[a](https://a.example/(b))", [["link", "https://a.example/(b)", "a"]]],
  ["[x](javascript:alert(1))", ["[x](javascript:alert(1))"]],
  ["[x](data:text/html,hi)", ["[x](data:text/html,hi)"]],
  ["[x](//a.example)", ["[x](//a.example)"]],
  ["[x]( javascript:alert(1))", ["[x]( javascript:alert(1))"]],
  [
    "[https://b.example](https://a.example)",
    ["[https://b.example](", ["link", "https://a.example", "https://a.example"], ")"],
  ],
  ["[](https://a.example)", ["[](", ["link", "https://a.example", "https://a.example"], ")"]],
  ["xhttps://a.example", ["xhttps://a.example"]],
  ["https://", ["https://"]],
  ["http://[", ["http://["]],
  ["[a <@1>](https://a.example)", [["link", "https://a.example", "a ", ["user", "1"]]]],
]);

cases("mentions and more", [
  ["<@12> <@!12>", [["user", "12"], " ", ["user", "12"]]],
  [
    "<@&12><#13>",
    [
      ["role", "12"],
      ["channel", "13"],
    ],
  ],
  ["@everyone @here @all", [["everyone", "@everyone"], " ", ["everyone", "@here"], " @all"]],
  ["</ticket open:12>", [["command", "ticket open", "12"]]],
  [
    "<:wave:12><a:wave:12>",
    [
      ["emoji", "12", "wave"],
      ["emoji", "12", "wave", true],
    ],
  ],
  ["<t:0>", [["time", 0, "f"]]],
  ...["t", "T", "d", "D", "f", "F", "s", "S", "R"].map((style) => [
    `<t:1618953630:${style}>`,
    [["time", 1618953630, style]],
  ]),
  ["<t:-5:R>", [["time", -5, "R"]]],
  ["<t:1:x>", ["<t:1:x>"]],
  ["<t:9999999999999>", ["<t:9999999999999>"]],
  ["<id:customize>", [["navigation", "customize"]]],
  ["<id:nowhere>", ["<id:nowhere>"]],
  ["<@x>", ["<@x>"]],
  ["<script>alert(1)</script>", ["<script>alert(1)</script>"]],
  ["<img src=x onerror=alert(1)>", ["<img src=x onerror=alert(1)>"]],
]);

test("text in a link that is itself an address is not hidden", () => {
  const nodes = parse("[https://good.example](https://bad.example)");
  assert.ok(nodes.every((node) => node.type !== "link" || textOf(node.children) === node.href));
});

test("the words of a tree leave the marks out", () => {
  const named = (node) => (node.type === "user" ? "@Ann" : "");
  assert.equal(textOf(parse("**a** ||b|| `c` <@1>"), named), "a b c @Ann");
});

for (const [source, expected] of [
  ["😀", true],
  ["😀 👩‍👩‍👧 🇩🇪\n👍🏽", true],
  ["<:a:1> 😀", true],
  ["😀 a", false],
  ["1", false],
  ["", false],
  [" ", false],
  ["😀".repeat(31), false],
]) {
  test(`${JSON.stringify(source.slice(0, 20))} is ${expected ? "" : "not "}shown large`, () =>
    assert.equal(isJumbo(parse(source)), expected));
}

const NASTY = [
  "*",
  "_",
  "[",
  "]",
  ">",
  "`",
  "~",
  "|",
  "(",
  "<",
  "\\",
  "#",
  "- ",
  "> ",
  "**",
  "__",
  "||",
  "* ",
  "_a",
  "a_",
  "*a",
  "**a ",
  "[a](",
  "![",
  "[[a]](",
  "``` ",
  "`a",
  "> > ",
  ">>> ",
  "\n> ",
  "\n- ",
  "<@",
  "<t:1",
  "https://",
  "<https://",
  "[x](https://a.example/(",
  "***a ",
  "_a __b ",
  "\\*",
  "*_~|`",
  "**_",
  "- # ",
  "-# ",
  "1. ",
];

/** Milliseconds of processor time so far. */
function spent() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The least processor time of a few tries, so that a busy machine makes no difference. */
function fastest(source) {
  const tries = [0, 1, 2, 3].map(() => {
    const started = spent();
    parse(source);
    return spent() - started;
  });
  return Math.min(...tries);
}

for (const piece of NASTY) {
  test(`4,000 characters of ${JSON.stringify(piece)} are read in little time`, () => {
    const took = fastest(piece.repeat(Math.ceil(4000 / piece.length)).slice(0, 4000));
    assert.ok(took < 50, `took ${Math.round(took)} ms`);
  });
}

test("time grows with the length, not with its square", () => {
  const slow = [];
  for (const piece of NASTY) {
    const [short, long] = [4000, 32_000].map((length) =>
      fastest(piece.repeat(Math.ceil(length / piece.length))),
    );
    if (long > 60 && long > short * 30)
      slow.push(`${JSON.stringify(piece)}: ${short.toFixed(1)} -> ${long.toFixed(1)} ms`);
  }
  assert.deepEqual(slow, []);
});

/** Numbers from a seed: the same on every run. */
function randomFrom(seed) {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

const ALPHABET = [
  ..."*_~|`>#-[]()<>@:/\\\n\n  ab1.é😀\u202e",
  "**",
  "```",
  "||",
  "https://a.example",
  "<@1>",
  "<t:1:R>",
  "- ",
  "> ",
  "# ",
  "\n- ",
];

function isWithin(part, whole) {
  let at = 0;
  for (const character of part) {
    at = whole.indexOf(character, at);
    if (at < 0) return false;
    at += character.length;
  }
  return true;
}

function check(nodes, source) {
  for (const node of nodes) {
    assert.ok(NODE_TYPES.has(node.type), `type ${node.type} in ${JSON.stringify(source)}`);
    if (node.href !== undefined)
      assert.ok(/^https?:\/\//.test(node.href) && source.includes(node.href.slice(0, 9)));
    if (node.children) check(node.children, source);
  }
}

test("any text makes a tree of known types that says nothing the text didn't", () => {
  const random = randomFrom(7);
  for (let round = 0; round < 5000; round += 1) {
    let source = "";
    for (let length = random(40); length > 0; length -= 1) source += ALPHABET[random(ALPHABET.length)];
    const nodes = parse(source);
    check(nodes, source);
    assert.ok(isWithin(textOf(nodes), source), JSON.stringify(source));
  }
});

test("what is no text is no trouble", () => {
  for (const odd of [null, undefined, 5, {}]) assert.ok(Array.isArray(parse(odd)));
});
