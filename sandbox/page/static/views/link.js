// Links out of messages: they open beside the page, those to a place of this Discord in it.
import { iconOf, TYPES } from "../channels.js";
import { html } from "../html.js";
import { placeOf, safeLink } from "../links.js";
import { titleOf } from "../names.js";
import { Icon } from "./common.js";
import { usePageQuietly } from "./context.js";

const CLOSED = [TYPES.CATEGORY, TYPES.VOICE];

/** Returns {channel, message, go()} when an address leads to a place the viewer sees, otherwise null. */
export function destinationOf({ store, actions }, href) {
  const place = placeOf(href);
  const channel = place && store.channel(place.channel);
  if (!channel || CLOSED.includes(channel.type) || (channel.guild_id ?? null) !== place.guild) return null;
  const target = { guild_id: place.guild, channel_id: channel.id, id: place.message };
  const go = () => (place.message ? actions.goTo(target) : actions.open(place.guild, channel.id));
  return { channel, message: place.message, go };
}

/** A link; `bare`: the address itself stands there, which a chip takes the place of; `inline`: nothing to press. */
export function Link({ href, bare = false, inline = false, children }) {
  const page = usePageQuietly();
  const target = destinationOf(page, href);
  if (target && bare) return html`<${PlaceChip} ...${target} inline=${inline} />`;
  const safe = safeLink(href);
  if (!safe || inline) return html`<span class="link">${children}</span>`;
  if (target) return html`<button type="button" class="linkish" onClick=${target.go}>${children}</button>`;
  return html`<a href=${safe} title=${href} target="_blank" rel="noopener noreferrer">${children}</a>`;
}

function PlaceChip({ channel, message, go, inline }) {
  const content = html`<${Icon} name=${iconOf(channel)} size=${14} />${titleOf(channel)}${
    message &&
    html`<span class="mention-part"> › <${Icon} name="message" size=${14} label="message" /></span>`
  }`;
  if (inline) return html`<span class="mention">${content}</span>`;
  const title = message ? "Go to the message" : null;
  return html`<button type="button" class="mention" title=${title} onClick=${go}>${content}</button>`;
}
