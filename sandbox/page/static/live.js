// The line to the sandbox: a websocket with what changes, and operations by HTTP.

const RETRY_MS = [200, 500, 1000, 2000, 5000];
const WRONG_TOKEN = 4004;
const GIVE_UP_TRIES = 6; // after about ten seconds; it keeps trying, but says so
const NO_ANSWER = "The sandbox does not answer. Is it still running?";

/** The token in the page's address (#TOKEN or #TOKEN&as=ID: whom to look as), kept for reloads of this tab; "" without one. */
export function tokenFrom(location, storage) {
  const [given, ...hints] = location.hash.slice(1).split("&");
  const viewer = new URLSearchParams(hints.join("&")).get("as");
  if (given) storage.setItem("token", given);
  if (viewer) storage.setItem("viewer", viewer);
  return given || storage.getItem("token") || "";
}

/** Performs operations of the sandbox's driver, as the page's viewer or anyone. */
export class Operations {
  constructor(token) {
    this.token = token;
  }

  /** Returns the result; throws an Error whose text says what is wrong. */
  async call(name, args = {}) {
    let response;
    try {
      response = await fetch(`/op/${name}`, {
        method: "POST",
        headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" },
        body: JSON.stringify(args),
      });
    } catch {
      throw new Error(NO_ANSWER);
    }
    const answer = await response.json().catch(() => ({ error: NO_ANSWER }));
    if (!response.ok)
      throw Object.assign(new Error(readable(answer)), { code: answer.code, retryAfter: answer.retry_after });
    return answer.result;
  }
}

function readable(answer) {
  return answer.message || answer.error || "That did not work.";
}

/** Follows the sandbox as one member; comes back by itself when the line is cut. */
export class Live {
  /** `onEvent(kind, data)` for each event, `onState("connecting" | "open" | "lost" | "gone" | "denied")`. */
  constructor(
    token,
    viewerId,
    onEvent,
    onState,
    { open = openSocket, later = (act, wait) => setTimeout(act, wait) } = {},
  ) {
    Object.assign(this, { token, viewerId, onEvent, onState, open, later, tries: 0 });
    this.connect();
  }

  connect() {
    const socket = this.open();
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ token: this.token, as: this.viewerId }));
    socket.onmessage = (frame) => {
      const { t: kind, d: data } = JSON.parse(frame.data);
      this.tries = 0;
      this.onState("open");
      this.onEvent(kind, data);
    };
    socket.onclose = (close) => this.closed(close.code);
  }

  closed(code) {
    if (code === WRONG_TOKEN) return this.onState("denied");
    this.onState(this.tries < GIVE_UP_TRIES ? "lost" : "gone");
    this.timer = this.later(() => this.connect(), RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)]);
    this.tries += 1;
  }

  /** Tries at once instead of waiting for the next try. */
  retry() {
    if (this.socket.readyState !== WebSocket.CLOSED) return;
    clearTimeout(this.timer);
    this.connect();
  }

  /** Looks at the sandbox as somebody else from now on. */
  become(viewerId) {
    this.viewerId = viewerId;
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ as: viewerId }));
  }
}

function openSocket() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(`${scheme}//${location.host}/live`);
}
