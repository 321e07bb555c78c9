// Going to a message: opens its channel, loads back to it, scrolls it into view and marks it for a moment.

const MARK_MS = 2000;

/** Shows a message in its room; says so when it is gone. */
export async function showMessage(store, actions, message) {
  const found = await actions.reveal(message.guild_id ?? null, message.channel_id, message.id);
  if (!found) return store.set({ toast: { tone: "warn", text: "That message was deleted." } });
  store.watch({ atBottom: false });
  await new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); });
  const element = document.querySelector(`.room [data-id="${CSS.escape(message.id)}"]`);
  if (!element) return undefined;
  element.scrollIntoView({ block: "center" });
  element.classList.add("revealed");
  setTimeout(() => element.classList.remove("revealed"), MARK_MS);
  return undefined;
}
