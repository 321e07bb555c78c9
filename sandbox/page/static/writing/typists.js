// Who types, in words, and how often the own typing is told. No DOM in here.

const EVERY_MS = 8_000;
const NAMED = 3;

/** "Alice is typing…" for one, several or many names; "" for none. */
export function typingText(names) {
  if (!names.length) return "";
  if (names.length > NAMED) return "Several people are typing…";
  if (names.length === 1) return `${names[0]} is typing…`;
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)} are typing…`;
}

/** Says when typing is to be told again: at once, then at most every 8 seconds in a channel. */
export class TypingPace {
  constructor(now = () => Date.now()) {
    this.now = now;
    this.told = new Map();
  }

  /** Whether to tell now; counts as told. */
  due(channelId) {
    const last = this.told.get(channelId);
    if (last !== undefined && this.now() - last < EVERY_MS) return false;
    this.told.set(channelId, this.now());
    return true;
  }

  /** Forgets a channel: what was written there is sent. */
  clear(channelId) {
    this.told.delete(channelId);
  }
}
