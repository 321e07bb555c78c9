// Files a message carries: pictures together, films and sounds to play, others to download.
import { fileSize } from "../extents.js";
import { html, useState } from "../html.js";
import { isOwnMedia, safeLink } from "../links.js";
import { Icon } from "./common.js";
import { usePageQuietly } from "./context.js";
import { Gallery } from "./media.js";

const SPOILER_FLAG = 1 << 3;

function isSpoiler(file) {
  return /^SPOILER_/.test(file.filename ?? "") || Boolean((file.flags ?? 0) & SPOILER_FLAG);
}

function kindOf(file) {
  const kind = /^(image|video|audio)\//.exec(file.content_type ?? "")?.[1] ?? "file";
  return file.content_type?.startsWith("image/svg") ? "file" : kind;
}

/** All attachments of a message; `hidden` are names shown elsewhere in it. */
export function Attachments({ files, hidden = [] }) {
  const shown = files.filter((file) => !hidden.includes(file.filename));
  const pictures = shown.filter((file) => kindOf(file) === "image");
  return html`<div class="attachments">
    ${pictures.length > 0 && html`<${Gallery} items=${pictures.map((media) => ({ media, spoiler: isSpoiler(media) }))} />`}
    ${shown.filter((file) => kindOf(file) !== "image").map((file) => html`<${File} key=${file.id} file=${file} />`)}
  </div>`;
}

/** One file that is no picture. */
export function File({ file, spoiler = isSpoiler(file) }) {
  const { state } = usePageQuietly();
  const [revealed, setRevealed] = useState(!spoiler);
  if (!revealed) {
    return html`<button type="button" class="file-card" onClick=${() => setRevealed(true)}><${Icon} name="eye" /> Spoiler: press to show the file.</button>`;
  }
  const kind = isOwnMedia(file.url, state.cdn) ? kindOf(file) : "file";
  if (kind === "video")
    return html`<video class="film" controls preload="metadata" src=${file.url} aria-label=${file.description ?? file.filename}></video>`;
  const card = html`<${FileCard} file=${file} />`;
  return kind === "audio"
    ? html`<div class="sound">${card}<audio controls preload="metadata" src=${file.url} aria-label=${file.filename}></audio></div>`
    : card;
}

function FileCard({ file }) {
  const href = safeLink(file.url);
  return html`<div class="file-card">
    <${Icon} name="file" size=${28} />
    <div class="file-text">
      ${href ? html`<a href=${href} download=${file.filename} target="_blank" rel="noopener noreferrer" dir="auto">${file.filename}</a>` : html`<span dir="auto">${file.filename}</span>`}
      <small>${fileSize(file.size)}${file.description ? ` · ${file.description}` : ""}</small>
    </div>
  </div>`;
}
