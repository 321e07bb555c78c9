import { html, useState } from "../html.js";
import { usePage } from "./context.js";
import { Tags } from "./forum.js";
import { asUpload, packed } from "./uploads.js";

const MAX_TAGS = 5;

/** The form of a new forum post. What is typed stays when it is closed or the sandbox refuses it. */
export function NewPost({ forum, onClose }) {
  const { store, actions } = usePage();
  const { posts, viewer } = store.state;
  const place = `${viewer.id} ${forum.id}`;
  const [post, setPost] = useState(posts.get(place) ?? { title: "", text: "", tags: [] });
  const [files, setFiles] = useState([]);
  const [problem, setProblem] = useState("");
  const [sending, setSending] = useState(false);
  const change = (part) => {
    const next = { ...post, ...part };
    setPost(next);
    setProblem("");
    posts.set(place, next);
  };
  const toggle = (id) => {
    if (post.tags.includes(id)) change({ tags: post.tags.filter((tag) => tag !== id) });
    else if (post.tags.length < MAX_TAGS) change({ tags: [...post.tags, id] });
    else setProblem(`A post takes at most ${MAX_TAGS} tags.`);
  };
  const send = async (event) => {
    event.preventDefault();
    const lacking = missing(post, files);
    if (lacking) return setProblem(lacking);
    setSending(true);
    try {
      const attachments = await Promise.all(files.map((file) => packed(asUpload(file))));
      const { thread } = await actions.openPost(forum.id, post.title.trim(), post.text, {
        attachments,
        tags: post.tags,
      });
      posts.delete(place);
      actions.openThread(thread);
    } catch (error) {
      setProblem(error.message);
      setSending(false);
    }
  };
  return html`<form class="new-post" aria-label="New post" onSubmit=${send} onKeyDown=${(event) => event.key === "Escape" && onClose()}>
    <label>Title<input value=${post.title} maxlength="100" onInput=${(event) => change({ title: event.target.value })} ref=${focusOnce} /></label>
    <label>Text<textarea rows="4" value=${post.text} maxlength="2000" onInput=${(event) => change({ text: event.target.value })}></textarea></label>
    ${forum.available_tags?.length > 0 && html`<div><span class="label">Tags</span><${Tags} tags=${forum.available_tags} chosen=${post.tags} onToggle=${toggle} /></div>`}
    <label>Files<input type="file" multiple onChange=${(event) => setFiles([...event.target.files])} /></label>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <div class="field-row end"><button type="button" class="text-button" onClick=${onClose}>Cancel</button>
      <button type="submit" class="button button-primary" disabled=${sending}>${sending ? "Posting …" : "Post"}</button></div>
  </form>`;
}

function missing(post, files) {
  if (!post.title.trim()) return "Give the post a title first.";
  return post.text.trim() || files.length ? "" : "Write something, or add a file.";
}

function focusOnce(element) {
  if (element && !element.dataset.focused) {
    element.dataset.focused = "yes";
    element.focus();
  }
}
