// Which notes of a room are listed beside it. No DOM in here.

const SHOWN = 50;

/** Whether a note tells of more than that there was nothing to do. */
function isFlagged(note) {
  return note.tone !== "quiet";
}

/** Returns the latest messages with notes, newest first, and how many more have a quiet one: {shown, quiet}. */
export function notedOf(messages, flaggedOnly) {
  const noted = messages.filter((message) => message.note);
  const flagged = noted.filter((message) => isFlagged(message.note));
  const shown = (flaggedOnly ? flagged : noted).slice(-SHOWN).reverse();
  return { shown, quiet: noted.length - flagged.length };
}
