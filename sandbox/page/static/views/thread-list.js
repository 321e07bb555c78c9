import { activity, can, iconOf, isThread } from "../channels.js";
import { html, useState } from "../html.js";
import { displayName } from "../names.js";
import { age, madeAt } from "../times.js";
import { useAsked } from "./asked.js";
import { Icon } from "./common.js";
import { usePage } from "./context.js";
import { Dialog, DialogHead } from "./dialog.js";

const CREATE_PUBLIC = 1n << 35n;
const CREATE_PRIVATE = 1n << 36n;

/** The threads of a channel: open ones, then archived ones; and a form for a new one. */
export function ThreadsDialog({ channel, onClose }) {
  const { state, store, actions } = usePage();
  const home = isThread(channel) ? store.channel(channel.parent_id) : channel;
  const { value: threads, problem } = useAsked(() => actions.threads(home.id), [home.id, state.viewer.id]);
  const open = threads?.filter((thread) => !thread.thread_metadata.archived);
  const archived = threads?.filter((thread) => thread.thread_metadata.archived);
  return html`<${Dialog} label="Threads" class="hung" onClose=${onClose}>
    <${DialogHead} title=${`Threads in ${home.name}`} onClose=${onClose} />
    ${problem && html`<p class="problem">${problem}</p>`}
    ${!threads && !problem && html`<p class="hint" role="status">Loading …</p>`}
    ${threads?.length === 0 && html`<p class="hint">No threads yet.</p>`}
    <${Group} title="Open" threads=${open} onOpen=${actions.openThread.bind(actions)} />
    <${Group} title="Archived" threads=${archived} onOpen=${actions.openThread.bind(actions)} />
    ${can(home.permissions, CREATE_PUBLIC) && html`<${NewThread} home=${home} />`}
  <//>`;
}

function Group({ title, threads, onOpen }) {
  const { store } = usePage();
  if (!threads?.length) return null;
  return html`<section><h3>${title} <small>${threads.length}</small></h3>
    <ul class="cards">${threads.map(
      (
        thread,
      ) => html`<li key=${thread.id}><button type="button" class="card" onClick=${() => onOpen(thread)}>
      <span class="card-head"><${Icon} name=${iconOf(thread)} size=${16} /><strong>${thread.name}</strong>${store.unread(thread) && html`<span class="chip new">New</span>`}</span>
      <small>${about(store, thread)}</small>
    </button></li>`,
    )}</ul></section>`;
}

function about(store, thread) {
  const owner = store.member(thread.owner_id);
  const replies = `${thread.message_count} ${thread.message_count === 1 ? "message" : "messages"}`;
  return [owner && `by ${displayName(owner)}`, replies, `active ${age(madeAt(activity(thread)))}`]
    .filter(Boolean)
    .join(" · ");
}

function NewThread({ home }) {
  const { actions } = usePage();
  const [name, setName] = useState("");
  const [hidden, setHidden] = useState(false);
  const [problem, setProblem] = useState("");
  const start = async (event) => {
    event.preventDefault();
    if (!name.trim()) return setProblem("Give the thread a name first.");
    try {
      actions.openThread(await actions.startThread(name.trim(), { channelId: home.id, private: hidden }));
    } catch (error) {
      setProblem(error.message);
    }
  };
  return html`<form class="newcomer" onSubmit=${start}>
    <label for="new-thread">New thread</label>
    <div class="field-row"><input id="new-thread" value=${name} maxlength="100" placeholder="Its name" autocomplete="off" onInput=${(
      event,
    ) => {
      setName(event.target.value);
      setProblem("");
    }} />
      <button type="submit" class="button button-primary">Start</button></div>
    ${can(home.permissions, CREATE_PRIVATE) && html`<label class="check"><input type="checkbox" checked=${hidden} onChange=${(event) => setHidden(event.target.checked)} /> Private: only who is added sees it</label>`}
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
  </form>`;
}
