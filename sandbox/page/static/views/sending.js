// Sending what was written: as a message, or as the command it spells.
import { parseCommand } from "../writing/commands.js";
import { changeDraft, draftKey, emptyDraft, restoreDraft } from "../writing/drafts.js";
import { encode } from "../writing/mentions.js";
import { readFields } from "../writing/options.js";
import { packed } from "./uploads.js";

const SLOW_MODE = 20016;

/** Sends a draft. What can't be sent comes back into the box with the reason. */
export async function sendDraft(page, channel, draft, { entries, world }) {
  const text = draft.text.trim();
  if (!text && !draft.files.length) return;
  const command = draft.files.length ? null : parseCommand(text, entries);
  if (command) await sendCommand(page, channel, command, world);
  else await sendMessage(page, channel, draft, encode(text, draft.picks, world));
}

async function sendMessage({ store, state, actions }, channel, draft, content) {
  const viewerId = state.viewer.id;
  const { reply, pingReply } = state;
  const sent = { text: draft.text, picks: draft.picks, files: draft.files };
  const change = (changes) => changeDraft(store, channel.id, changes, viewerId);
  if (sent.files.length) change({ sending: true, progress: 0, error: null });
  else change(emptyDraft());
  store.set({ reply: null, pingReply: true });
  try {
    const attachments = [];
    for (const file of sent.files) {
      attachments.push(
        await packed(file, (part) => change({ progress: (attachments.length + part) / sent.files.length })),
      );
    }
    await actions.say(channel.id, content, { replyTo: reply?.id ?? null, ping: pingReply, attachments });
    if (sent.files.length) change(emptyDraft());
  } catch (error) {
    if (sent.files.length) change({ sending: false, error: notSent(error) });
    else restoreDraft(store, channel.id, sent, notSent(error), viewerId);
    if (state.place.channel === channel.id && reply && !state.reply) store.set({ reply, pingReply });
    if (error.code === SLOW_MODE)
      letWait(store, draftKey(viewerId, channel.id), error.retryAfter ?? channel.rate_limit_per_user ?? 1);
  }
}

function letWait(store, key, seconds) {
  store.state.slow.set(key, Date.now() + seconds * 1000);
  store.set({});
}

/** Runs a command written as text when it is complete; else opens its form with what is wrong. */
async function sendCommand(page, channel, { entry, texts, surplus }, world) {
  const { store } = page;
  const fields = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, { text }]));
  const { values, errors } = readFields(entry, fields, world);
  let complaint = surplus === undefined ? null : `/${entry.name} has no option for “${surplus}”.`;
  const ready = !complaint && !Object.keys(errors).length;
  if (ready && (await runCommand(page, channel, entry, values, world, (reason) => (complaint = reason)))) {
    changeDraft(store, channel.id, emptyDraft());
    return;
  }
  const active = Object.keys(errors)[0] ?? entry.options[0]?.name ?? null;
  changeDraft(store, channel.id, {
    ...emptyDraft(),
    command: { entry, fields, active, tried: true },
    error: complaint,
  });
}

/** Runs a command; returns whether the sandbox took it. `onError` gets the reason when it did not. */
export async function runCommand({ actions }, channel, entry, values, world, onError) {
  try {
    const options = {};
    for (const [name, value] of Object.entries(values)) {
      const option = entry.options.find((item) => item.name === name);
      options[name] = value?.file
        ? await packed(value)
        : plainText(option)
          ? encode(value, [], world)
          : value;
    }
    await actions.slash(channel.id, entry.name, options, entry.app.id, {
      label: `/${entry.name}`,
      appName: entry.app.name,
    });
    return true;
  } catch (error) {
    onError(error.message);
    return false;
  }
}

function plainText(option) {
  return option.type === 3 && !option.choices && !option.autocomplete;
}

function notSent(error) {
  return error.code === SLOW_MODE ? null : `Not sent: ${error.message}`;
}
