// Moving between messages by keyboard.

/** Whether something that belongs to a message is open, such as its menu. */
export function isBusy(list) {
  return Boolean(
    list.querySelector(
      ".message :popover-open, .message dialog[open], .message-actions [aria-expanded='true']",
    ),
  );
}

/** The first of elements in order that reaches below a height. */
export function nearest(elements, top) {
  let [low, high] = [0, elements.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (elements[middle].offsetTop + elements[middle].offsetHeight <= top) low = middle + 1;
    else high = middle;
  }
  return elements[low] ?? null;
}

/** Arrow keys go to the message above or below, Home and End to the first and last, Enter into its actions. */
export function focusNeighbour(event) {
  if (!event.target.classList.contains("message")) return;
  const all = [...event.currentTarget.querySelectorAll(".message")];
  const at = all.indexOf(event.target);
  const target = {
    ArrowUp: all[at - 1],
    ArrowDown: all[at + 1],
    Home: all[0],
    End: all.at(-1),
    Enter: event.target.querySelector(".message-actions button"),
  }[event.key];
  if (!target) return;
  event.preventDefault();
  target.focus();
}
