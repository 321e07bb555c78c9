// Embeds: boxes with a coloured edge, out of what a bot sent.
import { hex } from "../colours.js";
import { columns, shownSize } from "../extents.js";
import { html } from "../html.js";
import { isOwnMedia, safeLink } from "../links.js";
import { Time } from "./common.js";
import { usePageQuietly } from "./context.js";
import { Link } from "./link.js";
import { Picture } from "./media.js";
import { RichText } from "./rich-text.js";

/** The attachment an address means, as attachment://cat.png or by where it lies, or the address itself. */
export function resolveMedia(media, files) {
  const name = /^attachment:\/\/(.+)$/.exec(media?.url ?? "")?.[1];
  const file = media?.url && files.find((item) => item.filename === name || item.url === media.url);
  return file ? { ...file, ...media, url: file.url } : media;
}

export function Embed({ embed, files = [], guild, users }) {
  const image = resolveMedia(embed.image, files);
  const thumbnail = resolveMedia(embed.thumbnail, files);
  const about = { guild, users };
  return html`<article class="embed" style=${embed.color ? { borderInlineStartColor: hex(embed.color) } : null}>
    <div class="embed-text">
      ${embed.provider?.name && html`<p class="embed-provider"><${Linked} href=${embed.provider.url}>${embed.provider.name}<//></p>`}
      ${
        embed.author &&
        html`<p class="embed-author"><${SmallIcon} url=${resolveMedia({ url: embed.author.icon_url }, files).url} />
        <${Linked} href=${embed.author.url}>${embed.author.name}<//></p>`
      }
      ${embed.title && html`<p class="embed-title"><${Linked} href=${embed.url}><${RichText} text=${embed.title} inline ...${about} /><//></p>`}
      ${embed.description && html`<${RichText} text=${embed.description} ...${about} />`}
      ${
        embed.fields?.length > 0 &&
        html`<dl class="embed-fields">${columns(embed.fields).map(
          ({ field, span }, index) => html`<div key=${index} class=${`embed-field span-${span}`}>
          <dt><${RichText} text=${field.name} inline ...${about} /></dt><dd><${RichText} text=${field.value} ...${about} /></dd>
        </div>`,
        )}</dl>`
      }
      ${embed.video?.url && html`<p><${Linked} href=${embed.video.url}>Watch the video<//></p>`}
    </div>
    ${thumbnail?.url && html`<${Picture} media=${thumbnail} cover size=${{ width: 80, height: 80 }} class="embed-thumbnail" />`}
    ${image?.url && html`<${Picture} media=${image} size=${shownSize(image, 400, 300)} class="embed-image" />`}
    <${Foot} embed=${embed} files=${files} />
  </article>`;
}

function Foot({ embed, files }) {
  if (!embed.footer?.text && !embed.timestamp) return null;
  return html`<footer class="embed-footer">
    <${SmallIcon} url=${resolveMedia({ url: embed.footer?.icon_url }, files).url} />
    <span>${embed.footer?.text}${embed.footer?.text && embed.timestamp ? " · " : ""}${embed.timestamp && html`<${Time} iso=${embed.timestamp} />`}</span>
  </footer>`;
}

function Linked({ href, children }) {
  return href && safeLink(href) ? html`<${Link} href=${href}>${children}<//>` : children;
}

/** A tiny picture; of one that lies elsewhere nothing is fetched. */
function SmallIcon({ url }) {
  const { state } = usePageQuietly();
  return url && isOwnMedia(url, state.cdn) ? html`<img class="embed-icon" src=${url} alt="" />` : null;
}
