// What was begun in each channel, by each viewer. No DOM in here.

/** {text, picks, files, problem (with files), command: null | {entry, fields, active, tried}, error, sending} */
export function emptyDraft() {
  return { text: "", picks: [], files: [], problem: null, command: null, error: null, sending: false };
}

/** The name of a draft; the place is a channel's id, or "edit" with that of the message being edited. */
export function draftKey(viewerId, place) {
  return `${viewerId}:${place}`;
}

export function draftOf(store, channelId) {
  return store.state.drafts.get(draftKey(store.state.viewer.id, channelId)) ?? emptyDraft();
}

/** Merges changes into a draft, even when another channel or viewer is looked at by now (`viewerId`). */
export function changeDraft(store, channelId, changes, viewerId = store.state.viewer.id) {
  const { drafts } = store.state;
  const name = draftKey(viewerId, channelId);
  drafts.set(name, { ...(drafts.get(name) ?? emptyDraft()), ...changes });
  store.set({});
}

/** Forgets a draft: it was sent or given up. */
export function dropDraft(store, channelId, viewerId = store.state.viewer.id) {
  store.state.drafts.delete(draftKey(viewerId, channelId));
  store.set({});
}

/** Puts what could not be sent back, before what was written since. */
export function restoreDraft(store, channelId, sent, error, viewerId) {
  const now = store.state.drafts.get(draftKey(viewerId, channelId)) ?? emptyDraft();
  const text = [sent.text, now.text].filter(Boolean).join("\n");
  const changes = {
    text,
    picks: [...sent.picks, ...now.picks],
    files: [...sent.files, ...now.files],
    error,
    sending: false,
  };
  changeDraft(store, channelId, changes, viewerId);
}
