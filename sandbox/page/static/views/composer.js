// The box to write in: messages, files, replies and commands.
import { html, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../html.js";
import { isThread } from "../channels.js";
import { findEmoji } from "../emoji.js";
import { flatten } from "../writing/commands.js";
import { changeDraft, draftKey, draftOf } from "../writing/drafts.js";
import { encode } from "../writing/mentions.js";
import { writingIn } from "../writing/rights.js";
import { TypingPace } from "../writing/typists.js";
import { admit } from "../writing/uploads.js";
import { worldOf } from "../writing/world.js";
import { CommandForm } from "./command-form.js";
import { Icon, IconButton } from "./common.js";
import { usePage } from "./context.js";
import { Pending } from "./pending.js";
import { ReplyBar } from "./reply-bar.js";
import { sendDraft } from "./sending.js";
import { asCommand, slashList, startCommand } from "./slash.js";
import { TextField } from "./text-field.js";
import { asUpload, chooseFiles, Uploads, useDrop } from "./uploads.js";

const MAX_LENGTH = 2000;
const COUNT_FROM = 1800;
const pace = new TypingPace();

export const onTouch = () => window.matchMedia("(pointer: coarse)").matches;

export function Composer({ channelId }) {
  const page = usePage();
  const { store, state } = page;
  const channel = store.channel(channelId);
  if (!channel) return null;
  const member = state.guilds.get(channel.guild_id)?.members.find((item) => item.user.id === state.viewer.id);
  const writing = writingIn(channel, member);
  return html`<section class="composer" aria-label="Write a message">
    <${Pending} channelId=${channelId} />
    ${writing.note && html`<p class="composer-note"><${Icon} name="archive" size=${16} /> ${writing.note}</p>`}
    ${
      writing.allowed
        ? html`<${Writer} key=${state.viewer.id} page=${page} channel=${channel} files=${writing.files} />`
        : html`<p class="composer-closed"><${Icon} name="lock" size=${16} /> ${writing.reason}</p>`
    }
  </section>`;
}

function Writer({ page, channel, files: mayAttach }) {
  const { store, state, actions } = page;
  const draft = draftOf(store, channel.id);
  const world = worldOf(store, channel);
  const field = useRef(null);
  const commands = state.commands.get(channel.id);
  const entries = useMemo(() => flatten(commands ?? []), [commands]);
  const viewerId = state.viewer.id; // whoever looks at the page by the time a command was taken
  const change = useCallback(
    (changes) => changeDraft(store, channel.id, changes, viewerId),
    [channel.id, viewerId],
  );
  const wait = useWait(state.slow.get(draftKey(state.viewer.id, channel.id)) ?? 0);
  const addFiles = useAddFiles(store, channel.id, mayAttach);
  const dragging = useDrop(!draft.command && !draft.sending && state.asking === null, addFiles);
  const length = measured(draft, world);

  useFocus(field, Boolean(draft.command), [state.reply?.id]);
  useEffect(() => {
    if (draft.text.startsWith("/")) actions.picker(channel.id).catch(() => {});
  }, [draft.text.startsWith("/"), channel.id]);
  useEffect(() => {
    if (!commands) actions.picker(channel.id).catch(() => {});
  }, [commands === undefined]);

  const write = (next) => {
    const { text } = next;
    change({ ...next, error: null });
    const entry = asCommand(draft.text, text, entries);
    if (entry) startCommand(change, entry);
    else if (text.trim() && !text.startsWith("/") && pace.due(channel.id))
      actions.type(channel.id).catch(() => {});
  };
  const send = async () => {
    if (wait > 0 || draft.sending) return;
    if (length > MAX_LENGTH) return change({ error: `This is ${length - MAX_LENGTH} characters too long.` });
    pace.clear(channel.id);
    await sendDraft(page, channel, draft, { entries, world });
    if (!store.state.editing) field.current?.focus(); // the answer comes after the message, which may be edited by now
  };
  const addEmoji = (character) => {
    const { text } = draftOf(store, channel.id);
    const at = field.current?.selectionStart ?? text.length;
    change({ text: text.slice(0, at) + character + text.slice(at), error: null });
    field.current?.focus();
  };
  const key = (event) => composerKey(event, { page, channel, draft, send, change, entries });
  if (draft.command) {
    return html`<div class="composer-box"><${CommandForm} page=${page} channel=${channel} draft=${draft} world=${world} change=${change} /></div>`;
  }
  const canSend = wait <= 0 && !draft.sending && (draft.text.trim() !== "" || draft.files.length > 0);
  return html`
    ${dragging && html`<div class="drop-here" aria-hidden="true"><p><${Icon} name="clip" size=${28} /> Drop files to attach them</p></div>`}
    <${ReplyBar} />
    <form class="composer-box" onSubmit=${(event) => {
      event.preventDefault();
      send();
    }}>
      <${Uploads} files=${draft.files} sending=${draft.sending} progress=${draft.progress ?? 0} onRemove=${(file) => change({ files: draft.files.filter((item) => item !== file), problem: null })} />
      <div class="composer-row">
        <${IconButton} icon="plus" label=${mayAttach ? "Attach files" : "You can't attach files here"} disabled=${!mayAttach || draft.sending} onClick=${() => chooseFiles(addFiles)} />
        <${TextField} id=${`box-${channel.id}`} field=${field} label=${`Message ${placeName(channel)}`} placeholder=${`Message ${placeName(channel)}`}
          enterkeyhint=${onTouch() ? "enter" : "send"} value=${draft} world=${world} onChange=${write} onKey=${key} readOnly=${draft.sending}
          emoji=${emojiNamed} offer=${(text) => slashList(text, entries, commands !== undefined, (entry) => startCommand(change, entry))}
          onPaste=${(event) => {
            if (event.clipboardData?.files.length) {
              event.preventDefault();
              addFiles([...event.clipboardData.files]);
            }
          }} />
        <${IconButton} icon="smile" label="Emoji" aria-haspopup="dialog" disabled=${draft.sending} onClick=${(event) => store.set({ picking: { anchor: event.currentTarget, onPick: addEmoji } })} />
        <button type="submit" class="icon-button composer-send" aria-label="Send" title="Send" disabled=${!canSend}><${Icon} name="send" /></button>
      </div>
    </form>
    <${Footer} draft=${draft} length=${length} wait=${wait} />`;
}

function Footer({ draft, length, wait }) {
  return html`<div class="composer-foot">
    ${[draft.error, draft.problem].filter(Boolean).map((text) => html`<p key=${text} class="composer-error" role="alert">${text}</p>`)}
    ${wait > 0 && html`<p class="composer-slow" role="timer">Slow mode: you can write again in ${wait} s.</p>`}
    ${length >= COUNT_FROM && html`<p class=${`composer-count${length > MAX_LENGTH ? " over" : ""}`} aria-live="polite">${MAX_LENGTH - length}<span class="visually-hidden"> characters left</span></p>`}
  </div>`;
}

/** Keys of the box itself: says whether it took this one. */
function composerKey(event, { page, channel, draft, send }) {
  const { store, state } = page;
  if (event.key === "Enter" && !event.shiftKey && !onTouch()) {
    send();
    return true;
  }
  if (event.key === "Escape" && state.reply) {
    event.stopPropagation();
    store.set({ reply: null });
    return true;
  }
  if (event.key === "ArrowUp" && !draft.text && !draft.files.length) {
    const own = store
      .room(channel.id)
      .messages.findLast(
        (message) =>
          message.author.id === state.viewer.id && [0, 19].includes(message.type) && !message.ephemeral,
      );
    if (own) store.set({ editing: own.id });
    return Boolean(own);
  }
  return false;
}

/** The number of characters as sent; names count as their ids, so it is only worked out when it gets long. */
function measured(draft, world) {
  if (draft.text.length < COUNT_FROM / 4) return 0;
  return [...encode(draft.text.trim(), draft.picks, world)].length;
}

function emojiNamed(query) {
  return findEmoji(query, 10).map(({ character, name }) => ({
    key: character,
    emoji: character,
    shown: character,
    label: `:${name}:`,
  }));
}

function placeName(channel) {
  if (isThread(channel)) return `“${channel.name}”`;
  return channel.name
    ? `#${channel.name}`
    : `@${channel.recipients?.[0]?.global_name ?? channel.recipients?.[0]?.username ?? ""}`;
}

/** The focus goes to the box when it opens, when a reply begins, and when something is typed at nothing else. */
function useFocus(field, busy, causes) {
  useLayoutEffect(() => {
    if (!busy && !onTouch() && !document.querySelector("dialog[open]"))
      field.current?.focus({ preventScroll: true });
  }, [busy, ...causes]);
  useEffect(() => {
    const typed = (event) => {
      const nowhere = document.activeElement === document.body || document.activeElement === null;
      if (
        nowhere &&
        event.key.length === 1 &&
        !event.ctrlKey &&
        !event.metaKey &&
        !event.altKey &&
        event.key !== " "
      )
        field.current?.focus();
    };
    document.addEventListener("keydown", typed);
    return () => document.removeEventListener("keydown", typed);
  }, []);
}

/** Seconds left until a time in ms; counts down. */
function useWait(until) {
  const left = () => Math.max(0, Math.ceil((until - Date.now()) / 1000));
  const [, tick] = useState(0);
  useEffect(() => {
    if (left() <= 0) return undefined;
    const timer = setInterval(() => tick((count) => count + 1), 250);
    return () => clearInterval(timer);
  }, [until, left() > 0]);
  return left();
}

function useAddFiles(store, channelId, allowed) {
  return useCallback(
    (files) => {
      if (!allowed)
        return changeDraft(store, channelId, {
          problem: "You can't attach files here: your roles don't allow it.",
        });
      const now = draftOf(store, channelId);
      const { taken, error } = admit(now.files, files.map(asUpload));
      return changeDraft(store, channelId, { files: [...now.files, ...taken], problem: error });
    },
    [channelId, allowed],
  );
}
