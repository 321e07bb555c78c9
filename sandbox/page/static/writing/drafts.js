// What was begun in each channel, by each viewer. No DOM in here.

/** {text, picks, files, command: null | {entry, fields, active}, error, sending} */
export function emptyDraft() {
  return { text: "", picks: [], files: [], command: null, error: null, sending: false };
}

function key(state, channelId) {
  return `${state.viewer.id} ${channelId}`;
}

export function draftOf(store, channelId) {
  return store.state.drafts.get(key(store.state, channelId)) ?? emptyDraft();
}

/** Merges changes into a draft, even when another channel or viewer is looked at by now (`viewerId`). */
export function changeDraft(store, channelId, changes, viewerId = store.state.viewer.id) {
  const { drafts } = store.state;
  const name = `${viewerId} ${channelId}`;
  drafts.set(name, { ...(drafts.get(name) ?? emptyDraft()), ...changes });
  store.set({});
}

/** Puts what could not be sent back, before what was written since. */
export function restoreDraft(store, channelId, sent, error, viewerId) {
  const now = store.state.drafts.get(`${viewerId} ${channelId}`) ?? emptyDraft();
  const text = [sent.text, now.text].filter(Boolean).join("\n");
  const changes = { text, picks: [...sent.picks, ...now.picks], files: [...sent.files, ...now.files], error, sending: false };
  changeDraft(store, channelId, changes, viewerId);
}
