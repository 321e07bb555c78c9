// What is said about messages nobody typed: joins, pins, threads. No DOM in here.

const BOOST = "just boosted the server!";
const LINES = {
  1: { icon: "plus", text: "added someone to the conversation." },
  2: { icon: "minus", text: "removed someone from the conversation." },
  3: { icon: "voice", text: "started a call." },
  4: { icon: "edit", text: "changed the name of this channel." },
  5: { icon: "edit", text: "changed the icon of this channel." },
  6: { icon: "pin", text: "pinned a message to this channel.", jump: true },
  7: { icon: "right", text: "joined the server." },
  8: { icon: "plus", text: BOOST },
  9: { icon: "plus", text: BOOST },
  10: { icon: "plus", text: BOOST },
  11: { icon: "plus", text: BOOST },
  12: { icon: "news", text: "added another channel's news to this one." },
  18: { icon: "thread", text: "started a thread:", thread: true },
  22: { icon: "person", text: "Invite some friends to get the server going." },
  24: { icon: "warn", text: "wrote something that was held back." },
  46: { icon: "check", text: "The poll has ended." },
};

/** Returns {icon, text, jump?, thread?} of a system message; one of an unknown kind says its own words. */
export function systemLine(message) {
  return (
    LINES[message.type] ?? {
      icon: "note",
      text: message.content || "did something this page has no words for.",
    }
  );
}
