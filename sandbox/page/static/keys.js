// Moving through lists by keyboard.

/** Moves the focus among the elements that match, by arrow keys, Home and End. */
export function moveFocus(event, selector) {
  const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
  if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  const all = [...event.currentTarget.querySelectorAll(selector)].filter(
    (element) => element.offsetParent !== null,
  );
  const at = all.indexOf(document.activeElement);
  if (at < 0) return;
  event.preventDefault();
  all[Math.min(all.length - 1, Math.max(0, at + step))].focus();
}
