// What applications put under or into a message: buttons, selects, and the boxes and pictures of newer messages.
import { initialValues, isSelect } from "../choices.js";
import { hex } from "../colours.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { safeLink } from "../links.js";
import { File } from "./attachment.js";
import { usePageQuietly } from "./context.js";
import { Icon } from "./common.js";
import { resolveMedia } from "./embed.js";
import { destinationOf } from "./link.js";
import { Gallery, Picture } from "./media.js";
import { Emoji, RichText } from "./rich-text.js";
import { Select } from "./select.js";

const KIND = {
  ROW: 1,
  BUTTON: 2,
  SECTION: 9,
  TEXT: 10,
  THUMBNAIL: 11,
  GALLERY: 12,
  FILE: 13,
  SEPARATOR: 14,
  CONTAINER: 17,
};
const LINK = 5;
const PREMIUM = 6;
const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "secondary", 6: "premium" };

/** All components of a message, and what went wrong with the last one that was used. */
export function Components({ message, guild }) {
  const [failed, setFailed] = useState(false);
  const [busy, setBusy] = useState(null);
  const there = useRef(true);
  useEffect(() => () => (there.current = false), []);
  /** Waits until the application answered the interaction `start()` begins. */
  const use = async (customId, start) => {
    setFailed(false);
    setBusy(customId);
    try {
      await start();
    } catch {
      if (there.current) setFailed(true);
    } finally {
      if (there.current) setBusy(null);
    }
  };
  const context = { message, guild, busy, use };
  return html`<div class="components">
    ${drawAll(message.components, context)}
    ${failed && html`<p class="component-failed" role="alert"><${Icon} name="warn" size=${16} /> This interaction failed. Try again, or look at what the application logged.</p>`}
  </div>`;
}

function drawAll(components, context) {
  return (components ?? []).map(
    (component, index) =>
      html`<${Part} key=${isSelect(component) ? JSON.stringify(component) : (component.custom_id ?? component.id ?? index)} component=${component} context=${context} />`,
  );
}

function Part({ component, context }) {
  if (isSelect(component)) return html`<${MessageSelect} component=${component} context=${context} />`;
  const draw = DRAWN[component.type];
  return draw
    ? draw(component, context)
    : html`<p class="component-unknown">(a component of a kind this page doesn't know: ${component.type})</p>`;
}

const DRAWN = {
  [KIND.ROW]: (row, context) => html`<div class="component-row">${drawAll(row.components, context)}</div>`,
  [KIND.BUTTON]: (button, context) => html`<${Button} button=${button} context=${context} />`,
  [KIND.TEXT]: (part, { message, guild }) =>
    html`<${RichText} text=${part.content} guild=${guild} users=${message.mentions} />`,
  [KIND.SECTION]: (part, context) => html`<div class="section">
    <div class="section-text">${drawAll(part.components, context)}</div>
    <div class="section-accessory">${part.accessory && drawAll([part.accessory], context)}</div>
  </div>`,
  [KIND.THUMBNAIL]: (part, { message }) =>
    html`<${Picture} media=${mediaOf(part, message)} spoiler=${part.spoiler} cover size=${{ width: 84, height: 84 }} />`,
  [KIND.GALLERY]: (part, { message }) =>
    html`<${Gallery} items=${(part.items ?? []).map((item) => ({ media: mediaOf(item, message), spoiler: item.spoiler }))} />`,
  [KIND.FILE]: (part, { message }) =>
    html`<${File} file=${fileOf(part, message)} spoiler=${Boolean(part.spoiler)} />`,
  [KIND.SEPARATOR]: (part) =>
    html`<div role=${part.divider === false ? null : "separator"} class=${`gap-${part.spacing === 2 ? "large" : "small"}${part.divider === false ? "" : " divided"}`}></div>`,
  [KIND.CONTAINER]: (part, context) => html`<${Container} part=${part} context=${context} />`,
};

function mediaOf(item, message) {
  const media = resolveMedia(item.media, message.attachments);
  return item.description ? { ...media, description: item.description } : media;
}

function fileOf(part, message) {
  const file = resolveMedia(part.file, message.attachments);
  return { filename: part.name ?? file.filename ?? "file", size: part.size ?? file.size ?? 0, ...file };
}

/** The names of attachments that components show themselves. */
export function shownFiles(components, files = []) {
  const names = [];
  const walk = (value) => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (value && typeof value === "object") Object.values(value).forEach(walk);
    else if (typeof value === "string" && value.startsWith("attachment://"))
      names.push(value.slice("attachment://".length));
    else if (typeof value === "string")
      names.push(...files.filter((file) => file.url === value).map((file) => file.filename));
  };
  walk(components);
  return names;
}

function Container({ part, context }) {
  const [shown, setShown] = useState(!part.spoiler);
  const colour =
    part.accent_color === null || part.accent_color === undefined
      ? null
      : { borderInlineStartColor: hex(part.accent_color) };
  if (!shown)
    return html`<button type="button" class="container spoiler-box" onClick=${() => setShown(true)}><${Icon} name="eye" /> Spoiler: press to show it.</button>`;
  return html`<div class=${`container${colour ? " accented" : ""}`} style=${colour}>${drawAll(part.components, context)}</div>`;
}

function Button({ button, context }) {
  const page = usePageQuietly();
  const label = html`<${Emoji} emoji=${button.emoji} />${button.label && html`<span>${button.label}</span>`}`;
  const look = `button button-${STYLES[button.style] ?? "secondary"}`;
  if (button.style === LINK) {
    const href = safeLink(button.url);
    const place = href && !button.disabled && destinationOf(page, href);
    if (place) return html`<button type="button" class=${look} onClick=${place.go}>${label}</button>`;
    if (href && !button.disabled)
      return html`<a class=${look} href=${href} title=${button.url} target="_blank" rel="noopener noreferrer">${label}<${Icon} name="link" size=${14} /></a>`;
    return html`<button type="button" class=${look} disabled>${label}</button>`;
  }
  if (button.style === PREMIUM)
    return html`<button type="button" class=${look} disabled title="Nothing is sold here">${button.label || "Premium"}</button>`;
  const busy = context.busy === button.custom_id;
  const press = () =>
    context.use(button.custom_id, async () =>
      page.actions.answered(await page.actions.click(context.message.id, button.custom_id)),
    );
  const name = button.label ? null : (button.emoji?.name ?? "Button");
  return html`<button type="button" class=${look} disabled=${button.disabled} aria-busy=${busy} aria-label=${name} onClick=${busy ? null : press}>
    ${label}${busy && html`<span class="dots" role="status"><span class="visually-hidden">Waiting for an answer</span></span>`}
  </button>`;
}

function MessageSelect({ component, context }) {
  const { actions } = usePageQuietly();
  const [values, setValues] = useState(() => initialValues(component));
  const commit = (chosen) =>
    context.use(component.custom_id, async () =>
      actions.answered(await actions.choose(context.message.id, component.custom_id, chosen)),
    );
  return html`<${Select} component=${component} guild=${context.guild} values=${values} onChange=${setValues} onCommit=${commit}
    disabled=${component.disabled} busy=${context.busy === component.custom_id} />`;
}
