// The line to the sandbox: a websocket with what changes, and operations by HTTP.

const RETRY_MS = [200, 500, 1000, 2000, 5000];
const WRONG_TOKEN = 4004;

/** The token in the page's address (#...), kept for reloads of this tab; "" without one. */
export function tokenFrom(location, storage) {
  const given = location.hash.slice(1);
  if (given) storage.setItem("token", given);
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
      throw new Error("The sandbox does not answer. Is it still running?");
    }
    const answer = await response.json();
    if (!response.ok) throw Object.assign(new Error(readable(answer)), { code: answer.code });
    return answer.result;
  }
}

function readable(answer) {
  return answer.message || answer.error || "That did not work.";
}

/** Follows the sandbox as one member; comes back by itself when the line is cut. */
export class Live {
  /** `onEvent(kind, data)` for each event, `onState("connecting" | "open" | "lost" | "denied")`. */
  constructor(token, viewerId, onEvent, onState) {
    Object.assign(this, { token, viewerId, onEvent, onState, tries: 0, ended: false });
    this.connect();
  }

  connect() {
    this.onState(this.tries ? "lost" : "connecting");
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/live`);
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ token: this.token, as: this.viewerId }));
    socket.onmessage = (frame) => {
      this.tries = 0;
      const { t: kind, d: data } = JSON.parse(frame.data);
      if (kind === "READY") this.onState("open");
      this.onEvent(kind, data);
    };
    socket.onclose = (close) => {
      if (close.code === WRONG_TOKEN) return this.onState("denied");
      this.onState("lost");
      const wait = RETRY_MS[Math.min(this.tries++, RETRY_MS.length - 1)];
      setTimeout(() => this.connect(), wait);
    };
  }

  /** Looks at the sandbox as somebody else from now on. */
  become(viewerId) {
    this.viewerId = viewerId;
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ as: viewerId }));
  }
}
