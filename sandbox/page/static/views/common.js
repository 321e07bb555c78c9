// Small parts that every view uses: avatars, icons, times, icon buttons.
import { html, useEffect, useState } from "../html.js";
import { ICONS } from "../icons.js";
import { displayName, hueOf, initials } from "../names.js";
import { formatTime } from "../times.js";
import { usePageQuietly } from "./context.js";

const TICK_MS = 30_000;

/** A user's picture, or their initials on a colour that stays the same. Decoration: the name stands beside it. */
export function Avatar({ user, size = 40 }) {
  const { state } = usePageQuietly();
  const [broken, setBroken] = useState(null);
  const source =
    user.avatar && state.cdn ? `${state.cdn}/avatars/${user.id}/${user.avatar}.png?size=128` : null;
  const box = { width: `${size}px`, height: `${size}px`, fontSize: `${Math.round(size * 0.4)}px` };
  if (source && broken !== source) {
    return html`<img class="avatar" src=${source} alt="" style=${box} onError=${() => setBroken(source)} />`;
  }
  return html`<span class=${`avatar hue-${hueOf(user.id)}`} style=${box} aria-hidden="true">${initials(displayName(user))}</span>`;
}

/** An icon by its name in icons.js; without `label` it is decoration. */
export function Icon({ name, size = 20, label }) {
  return html`<svg class="icon" width=${size} height=${size} viewBox="0 0 20 20" role=${label ? "img" : null}
    aria-label=${label} aria-hidden=${label ? null : "true"}><path d=${ICONS[name]} /></svg>`;
}

/** A button that shows an icon; its label is read out and shown as a tooltip. */
export function IconButton({ icon, label, class: extra = "", size = 20, ...more }) {
  return html`<button type="button" class=${`icon-button ${extra}`} aria-label=${label} title=${label} ...${more}>
    <${Icon} name=${icon} size=${size} />
  </button>`;
}

/** A time in words; the full date is its tooltip. `style` as in formatTime; relative ones stay current. */
export function Time({ iso, style = "chat" }) {
  const [, tick] = useState(0);
  useEffect(() => {
    if (style !== "R" && style !== "chat") return undefined;
    const timer = setInterval(() => tick((count) => count + 1), TICK_MS);
    return () => clearInterval(timer);
  }, [style]);
  const date = new Date(iso);
  const known = !Number.isNaN(date.getTime());
  return html`<time datetime=${known ? date.toISOString() : null} title=${formatTime(date, "F")}>${formatTime(date, style)}</time>`;
}

/** The mark beside an application's name. */
export function BotMark() {
  return html`<span class="bot-mark">BOT</span>`;
}
