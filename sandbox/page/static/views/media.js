// Pictures and films in messages. What lies elsewhere than on the sandbox's CDN is fetched after a click only.
import { shownSize } from "../extents.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { hostOf, isLoadable, isOwnMedia, isWebAddress, safeLink } from "../links.js";
import { Icon, IconButton } from "./common.js";
import { usePageQuietly } from "./context.js";

/**
 * A picture: {url, width, height, description}. `size` is what it takes up; `cover` fills it, `spoiler` hides it
 * until it is asked for; pressing it opens it large, among `all`.
 */
export function Picture({ media, size, cover = false, spoiler = false, all = [media], class: extra = "" }) {
  const { state } = usePageQuietly();
  const [asked, setAsked] = useState(false);
  const [revealed, setRevealed] = useState(!spoiler);
  const [failed, setFailed] = useState(false);
  const [open, setOpen] = useState(false);
  const box = { width: `${size.width}px`, aspectRatio: `${size.width} / ${size.height}` };
  const own = isOwnMedia(media.url, state.cdn);
  if (!own && !isWebAddress(media.url)) return null;
  if (!own && !isLoadable(media.url))
    return html`<${Gap} box=${box} class=${extra} icon="image" text=${`Picture on ${hostOf(media.url)}, not loaded: it is not behind https.`} />`;
  if (failed)
    return html`<${Gap} box=${box} class=${extra} icon="warn" text="This picture could not be loaded." />`;
  if (!own && !asked) {
    return html`<button type="button" class=${`picture gap ${extra}`} style=${box} onClick=${() => setAsked(true)}>
      <${Icon} name="image" /><span>Picture on ${hostOf(media.url)}.<br />Press to load it.</span>
    </button>`;
  }
  if (!revealed) {
    return html`<button type="button" class=${`picture gap spoiler-picture ${extra}`} style=${box} onClick=${() => setRevealed(true)}>
      <${Icon} name="eye" /><span>Spoiler: press to show it.</span>
    </button>`;
  }
  return html`<button type="button" class=${`picture ${extra}`} style=${box} aria-label=${`Open large: ${media.description || media.filename || "picture"}`}
      onClick=${() => setOpen(true)}>
      <img class=${cover ? "cover" : ""} src=${media.url} alt=${media.description ?? ""} decoding="async" onError=${() => setFailed(true)} />
      ${media.description && html`<span class="alt-mark" aria-hidden="true" title=${media.description}>ALT</span>`}
    </button>
    ${open && html`<${Lightbox} all=${all} start=${all.indexOf(media)} onClose=${() => setOpen(false)} />`}`;
}

function Gap({ box, icon, text, class: extra }) {
  return html`<span class=${`picture gap ${extra}`} style=${box}><${Icon} name=${icon} /><span>${text}</span></span>`;
}

/** Pictures at full size, one at a time; arrow keys go to the next. */
function Lightbox({ all, start, onClose }) {
  const dialog = useRef(null);
  const [index, setIndex] = useState(Math.max(0, start));
  useEffect(() => dialog.current.showModal(), []);
  const media = all[index];
  const go = (step) => setIndex((now) => (now + step + all.length) % all.length);
  const onKey = (event) => {
    if (event.key === "ArrowRight") go(1);
    if (event.key === "ArrowLeft") go(-1);
    event.stopPropagation();
  };
  const shut = (event) => event.target === dialog.current && dialog.current.close();
  return html`<dialog ref=${dialog} class="lightbox" aria-label="Picture" onClose=${onClose} onKeyDown=${onKey} onClick=${shut}>
    <div class="lightbox-bar">
      <a href=${safeLink(media.url)} target="_blank" rel="noopener noreferrer">Open in a tab of its own</a>
      <span class="lightbox-name">${media.filename ?? ""}${all.length > 1 ? ` (${index + 1} of ${all.length})` : ""}</span>
      <${IconButton} icon="close" label="Close" onClick=${() => dialog.current.close()} />
    </div>
    <img src=${media.url} alt=${media.description ?? ""} />
    ${media.description && html`<p class="lightbox-text">${media.description}</p>`}
    ${
      all.length > 1 &&
      html`<div class="lightbox-step">
      <${IconButton} icon="back" label="Previous picture" onClick=${() => go(-1)} />
      <${IconButton} icon="right" label="Next picture" onClick=${() => go(1)} />
    </div>`
    }
  </dialog>`;
}

/** Several pictures in a grid, as many as there are. */
export function Gallery({ items }) {
  if (items.length === 1) {
    const [{ media, spoiler }] = items;
    return html`<${Picture} media=${media} spoiler=${spoiler} size=${shownSize(media)} />`;
  }
  const all = items.map((item) => item.media);
  return html`<div class=${`gallery gallery-${items.length === 2 || items.length === 4 ? 2 : 3}`}>
    ${items.map(
      (
        { media, spoiler },
        index,
      ) => html`<${Picture} key=${`${index} ${media.url}`} media=${media} spoiler=${spoiler} all=${all} cover
      size=${{ width: 180, height: 135 }} />`,
    )}
  </div>`;
}
