import assert from "node:assert/strict";
import { test } from "node:test";

import { Live, Operations, tokenFrom } from "../../sandbox/page/static/live.js";

globalThis.WebSocket ??= { OPEN: 1, CLOSED: 3 };

/** A line whose sockets and timers are in the test's hands. */
function line(viewer = "7") {
  const seen = { sockets: [], waits: [], states: [], events: [] };
  const open = () => {
    const socket = {
      readyState: WebSocket.OPEN,
      sent: [],
      send: (text) => socket.sent.push(JSON.parse(text)),
    };
    seen.sockets.push(socket);
    return socket;
  };
  const later = (act, wait) => seen.waits.push({ act, wait });
  seen.live = new Live(
    "tok",
    viewer,
    (kind) => seen.events.push(kind),
    (state) => seen.states.push(state),
    { open, later },
  );
  seen.close = (code = 1006) => {
    seen.sockets.at(-1).readyState = WebSocket.CLOSED;
    seen.sockets.at(-1).onclose({ code });
  };
  return seen;
}

test("it says who it is, and becomes somebody else", () => {
  const { live, sockets } = line();
  sockets[0].onopen();
  live.become("8");
  assert.deepEqual(sockets[0].sent, [{ token: "tok", as: "7" }, { as: "8" }]);
});

test("it comes back with growing pauses as who it was, and says when that takes long", () => {
  const seen = line();
  seen.live.become("8");
  const waits = [];
  for (let turn = 0; turn < 8; turn += 1) {
    seen.close();
    const { act, wait } = seen.waits.at(-1);
    waits.push(wait);
    act();
  }
  assert.deepEqual(waits, [200, 500, 1000, 2000, 5000, 5000, 5000, 5000]);
  assert.deepEqual(seen.states, [...Array(6).fill("lost"), "gone", "gone"]);
  seen.sockets.at(-1).onopen();
  assert.deepEqual(seen.sockets.at(-1).sent, [{ token: "tok", as: "8" }]);
  seen.sockets.at(-1).onmessage({ data: '{"t":"READY","d":{}}' });
  assert.equal(seen.states.at(-1), "open");
  seen.close();
  assert.equal(seen.waits.at(-1).wait, 200);
});

test("a wrong token ends it", () => {
  const seen = line();
  seen.close(4004);
  assert.deepEqual([seen.states, seen.waits], [["denied"], []]);
});

test("trying at once works only when there is no line", () => {
  const seen = line();
  seen.live.retry();
  assert.equal(seen.sockets.length, 1);
  seen.close();
  seen.live.retry();
  assert.equal(seen.sockets.length, 2);
});

test("the token is in the address, or kept for the tab", () => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  assert.equal(tokenFrom({ hash: "" }, storage), "");
  assert.equal(tokenFrom({ hash: "#abc" }, storage), "abc");
  assert.equal(tokenFrom({ hash: "" }, storage), "abc");
  assert.equal(tokenFrom({ hash: "#def&as=42" }, storage), "def");
  assert.equal(storage.getItem("viewer"), "42");
});

for (const [name, reply, text] of [
  [
    "an error of the API",
    { ok: false, json: async () => ({ error: "e", message: "Missing Access", code: 50001 }) },
    "Missing Access",
  ],
  [
    "an error of the sandbox",
    { ok: false, json: async () => ({ error: "no channel 'x'" }) },
    "no channel 'x'",
  ],
  [
    "no JSON",
    { ok: false, json: async () => JSON.parse("<html>") },
    "The sandbox does not answer. Is it still running?",
  ],
  ["no answer", null, "The sandbox does not answer. Is it still running?"],
]) {
  test(`what went wrong in words: ${name}`, async (context) => {
    context.mock.method(globalThis, "fetch", async () => reply ?? Promise.reject(new TypeError("failed")));
    await assert.rejects(new Operations("tok").call("say"), { message: text });
  });
}

test("it waits by the browser's clock, which wants to be called by itself", (context) => {
  const waits = [];
  context.mock.method(globalThis, "setTimeout", function picky(act, wait) {
    if (this !== undefined && this !== globalThis) throw new TypeError("Illegal invocation");
    waits.push(wait);
  });
  const live = new Live(
    "tok",
    null,
    () => {},
    () => {},
    { open: () => ({ readyState: WebSocket.CLOSED }) },
  );
  live.socket.onclose({ code: 1006 });
  assert.deepEqual(waits, [200]);
});
