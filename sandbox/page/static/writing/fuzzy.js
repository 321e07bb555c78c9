// How well a name fits what was typed. No DOM in here.

/** A score, higher is better; null when the letters of `query` are not in `text` in that order. */
export function score(query, text) {
  const wanted = fold(query);
  const given = fold(text);
  if (!wanted) return 0;
  if (given === wanted) return 1000;
  if (given.startsWith(wanted)) return 900;
  const word = given.search(new RegExp(`[\\s_.-]${escape(wanted)}`, "u"));
  if (word >= 0) return 700 - word;
  const inside = given.indexOf(wanted);
  if (inside >= 0) return 500 - inside;
  return scattered(wanted, given);
}

function scattered(wanted, given) {
  let from = 0;
  let gaps = 0;
  for (const letter of wanted) {
    const at = given.indexOf(letter, from);
    if (at < 0) return null;
    gaps += at - from;
    from = at + letter.length;
  }
  return 300 - gaps;
}

/** The items that fit, best first; `textOf(item)` gives one text or several, of which the best counts. */
export function ranked(query, items, textOf, limit = 10) {
  const found = [];
  items.forEach((item, index) => {
    const scores = [textOf(item)]
      .flat()
      .filter(Boolean)
      .map((text) => score(query, text))
      .filter((value) => value !== null);
    if (scores.length) found.push({ item, index, value: Math.max(...scores) });
  });
  found.sort((a, b) => b.value - a.value || a.index - b.index);
  return found.slice(0, limit).map(({ item }) => item);
}

function fold(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

// Without "-": escaping what needs none is an error in a pattern with "u".
function escape(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
