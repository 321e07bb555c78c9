import { activity, can, SEND_MESSAGES } from "../channels.js";
import { html, useState } from "../html.js";
import { displayName } from "../names.js";
import { moveFocus } from "../keys.js";
import { forumState, shownPosts } from "../posts.js";
import { age, madeAt } from "../times.js";
import { useAsked } from "./asked.js";
import { Avatar, Icon } from "./common.js";
import { usePage } from "./context.js";
import { NewPost } from "./new-post.js";
import { Preview } from "./preview.js";

/** A forum: its posts as cards, tags that filter them, and a form for a new one. */
export function Forum({ forum }) {
  const { state, store, actions } = usePage();
  const [tags, setTags] = useState([]);
  const [writing, setWriting] = useState(false);
  const known = forumState(store.guild(), forum.id);
  const {
    value: posts,
    problem,
    again,
  } = useAsked(() => actions.posts(forum.id), [forum.id, state.viewer.id, state.arrivals, known]);
  const shown = posts && shownPosts(posts, tags);
  const toggle = (id) => setTags(tags.includes(id) ? tags.filter((tag) => tag !== id) : [...tags, id]);
  return html`<section class="forum" aria-label=${`Posts in ${forum.name}`}>
    <div class="forum-bar">
      <${Tags} tags=${forum.available_tags} chosen=${tags} onToggle=${toggle} />
      ${can(forum.permissions, SEND_MESSAGES) && !writing && html`<button type="button" class="button button-primary" onClick=${() => setWriting(true)}><${Icon} name="plus" size=${16} /> New post</button>`}
    </div>
    ${writing && html`<${NewPost} key=${forum.id} forum=${forum} onClose=${() => setWriting(false)} />`}
    ${problem && html`<p class="problem" role="alert">${problem} <button type="button" class="text-button" onClick=${again}>Try again</button></p>`}
    ${!posts && !problem && html`<p class="hint" role="status">Loading …</p>`}
    ${shown?.length === 0 && html`<p class="hint">${tags.length ? "No post has all these tags." : "No posts yet."}</p>`}
    <ul class="cards posts" onKeyDown=${(event) => moveFocus(event, ".card")}>
      ${shown?.map((post) => html`<li key=${post.thread.id}><${Post} ...${post} forum=${forum} /></li>`)}
    </ul>
  </section>`;
}

export function Tags({ tags, chosen, onToggle }) {
  if (!tags?.length) return html`<span class="spacer"></span>`;
  return html`<div class="tags" role="group" aria-label="Tags">${tags.map(
    (
      tag,
    ) => html`<button type="button" key=${tag.id} class="tag" aria-pressed=${String(chosen.includes(tag.id))} onClick=${() => onToggle(tag.id)}>
    ${tag.emoji_name && html`<span aria-hidden="true">${tag.emoji_name} </span>`}${tag.name}</button>`,
  )}</div>`;
}

function Post({ thread, message, forum }) {
  const { store, actions } = usePage();
  const tags = (forum.available_tags ?? []).filter((tag) => thread.applied_tags.includes(tag.id));
  const author = message?.author ?? store.member(thread.owner_id)?.user;
  const replies = thread.message_count;
  return html`<button type="button" class=${`card post ${store.unread(thread) ? "unread" : ""}`} onClick=${() => actions.openThread(thread)}>
    <span class="card-head">
      ${author && html`<${Avatar} user=${author} size=${20} /><span>${displayName(store.member(author.id) ?? author)}</span>`}
      ${tags.map((tag) => html`<span class="chip" key=${tag.id}>${tag.name}</span>`)}
      ${thread.thread_metadata.archived && html`<span class="chip">Archived</span>`}
    </span>
    <strong class="card-title">${thread.name}</strong>
    ${message ? html`<${Preview} message=${message} />` : html`<span class="card-text">The first message was deleted.</span>`}
    <small>${replies} ${replies === 1 ? "reply" : "replies"} · active ${age(madeAt(activity(thread)))}</small>
  </button>`;
}
