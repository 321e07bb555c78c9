// Text with Discord's markdown, as elements. Everything in it is text: no part of a message becomes markup.
import { iconOf } from "../channels.js";
import { html, useMemo, useState } from "../html.js";
import { safeLink } from "../links.js";
import { isJumbo, parse } from "../markdown.js";
import { displayName } from "../names.js";
import { roleColour, textColour } from "../colours.js";
import { Icon, IconButton, Time } from "./common.js";
import { usePageQuietly } from "./context.js";
import { Link } from "./link.js";
import { copy } from "./message-actions.js";
import { showProfile } from "./profile.js";

const NAVIGATION = {
  customize: "Channels & Roles",
  browse: "Browse Channels",
  guide: "Server Guide",
  home: "Server Guide",
  "linked-roles": "Linked Roles",
};

/**
 * Renders `text`. `guild` (default: the open one) is where mentions are looked up, `users` more people to know;
 * `inline` leaves out blocks and everything that could be pressed, for one-line previews and buttons.
 */
export function RichText({ text, guild, users = [], inline = false, jumbo = false }) {
  const page = usePageQuietly();
  const nodes = useMemo(() => parse(text), [text]);
  const context = { page, guild: guild === undefined ? page.store.guild() : guild, users, inline };
  const large = jumbo && isJumbo(nodes);
  if (inline) return html`<span class="rich-inline" dir="auto">${draw(nodes, context)}</span>`;
  return html`<div class=${`rich${large ? " jumbo" : ""}`} dir="auto">${draw(nodes, context)}</div>`;
}

function draw(nodes, context) {
  return nodes.map((node, index) => DRAWN[node.type](node, context, index));
}

function around(tag) {
  return (node, context) => html`<${tag}>${draw(node.children, context)}<//>`;
}

/** A block; in one-line previews its content alone, with a space where it ended. */
function block(make) {
  return (node, context) => (context.inline ? [draw(node.children, context), " "] : make(node, context));
}

const DRAWN = {
  text: (node, context) => (context.inline ? node.text.replace(/\n+/g, " ") : node.text),
  bold: around("strong"),
  italic: around("em"),
  underline: around("u"),
  strike: around("s"),
  spoiler: (node, context) => html`<${Spoiler} inline=${context.inline}>${draw(node.children, context)}<//>`,
  code: (node) => html`<code>${node.text}</code>`,
  codeblock: (node, context) =>
    context.inline ? html`<code>${node.text.replace(/\s+/g, " ")}</code>` : html`<${CodeBlock} ...${node} />`,
  quote: block((node, context) => html`<blockquote>${draw(node.children, context)}</blockquote>`),
  heading: block(
    (node, context) =>
      html`<div class=${`heading heading-${node.level}`} role="heading" aria-level=${node.level + 3}>${draw(node.children, context)}</div>`,
  ),
  subtext: block((node, context) => html`<div class="subtext">${draw(node.children, context)}</div>`),
  list: block((node, context) => {
    const items = draw(node.children, context);
    return node.start === null ? html`<ul>${items}</ul>` : html`<ol start=${node.start}>${items}</ol>`;
  }),
  item: block((node, context) => html`<li>${draw(node.children, context)}</li>`),
  link: drawLink,
  user: drawUser,
  role: drawRole,
  channel: drawChannel,
  everyone: (node) => html`<span class="mention">${node.text}</span>`,
  command: (node) => html`<span class="mention">/${node.name}</span>`,
  emoji: (node) => html`<${CustomEmoji} ...${node} />`,
  time: (node) =>
    html`<span class="moment"><${Time} iso=${new Date(node.seconds * 1000).toISOString()} style=${node.style} /></span>`,
  navigation: (node) => html`<span class="mention">${NAVIGATION[node.name]}</span>`,
};

function drawLink(node, context) {
  const children = draw(node.children, context);
  if (!safeLink(node.href)) return html`<span class="link">${children}</span>`;
  return html`<${Link} href=${node.href} bare=${isBare(node)} inline=${context.inline}>${children}<//>`;
}

/** Whether an address stands there itself, not words in its place. */
function isBare({ href, children: [first] }) {
  return first.type === "text" && first.text === href;
}

function drawUser(node, { page, guild, users, inline }) {
  const member = guild?.members.find((item) => item.user.id === node.id);
  const known =
    member ??
    users.find((user) => user.id === node.id) ??
    page.state.people.find((user) => user.id === node.id);
  if (!known) return html`<span class="mention">@unknown-user</span>`;
  const user = known.user ?? known;
  const name = `@${displayName(known)}`;
  if (inline) return html`<span class="mention">${name}</span>`;
  return html`<button type="button" class="mention" onClick=${(event) => showProfile(page.store, user, event.currentTarget)}>${name}</button>`;
}

function drawRole(node, { guild }) {
  const role = guild?.roles.find((item) => item.id === node.id);
  if (!role) return html`<span class="mention">@unknown-role</span>`;
  const style = textColour(roleColour(guild, [role.id]));
  return html`<span class=${`mention${style ? " coloured" : ""}`} style=${style}>@${role.name.replace(/^@/, "")}</span>`;
}

function drawChannel(node, { page, guild, inline }) {
  const channel = guild?.channels.find((item) => item.id === node.id) ?? page.store.channel(node.id);
  if (!channel) return html`<span class="mention unknown"><${Icon} name="lock" size=${14} />No access</span>`;
  const content = html`<${Icon} name=${iconOf(channel)} size=${14} />${channel.name}`;
  if (inline) return html`<span class="mention">${content}</span>`;
  return html`<button type="button" class="mention" onClick=${() => page.actions.open(channel.guild_id ?? guild?.id ?? null, channel.id)}>${content}</button>`;
}

function Spoiler({ inline, children }) {
  const [shown, setShown] = useState(false);
  if (inline)
    return html`<span class="spoiler"><span class="visually-hidden">Spoiler</span><span aria-hidden="true">${children}</span></span>`;
  if (shown) return html`<span class="spoiler shown">${children}</span>`;
  const show = (event) => {
    if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    setShown(true);
  };
  return html`<span class="spoiler" role="button" tabindex="0" aria-label="Spoiler: show it" onClick=${show} onKeyDown=${show}>
    <span inert aria-hidden="true">${children}</span>
  </span>`;
}

function CodeBlock({ language, text }) {
  const { store } = usePageQuietly();
  return html`<div class="codeblock" dir="ltr">
    <pre tabindex="0" aria-label=${language ? `Code, ${language}` : "Code"}><code>${text}</code></pre>
    <${IconButton} icon="copy" label="Copy the code" class="codeblock-copy" size=${16} onClick=${() => copy(store, text, "Code")} />
  </div>`;
}

/** An emoji of a server: its picture from the CDN, or its name where there is none. */
function CustomEmoji({ id, name, animated = false }) {
  const { state } = usePageQuietly();
  const [broken, setBroken] = useState(false);
  if (broken || !state.cdn) return html`<span class="emoji-name">:${name}:</span>`;
  const source = `${state.cdn}/emojis/${encodeURIComponent(id)}.${animated ? "gif" : "webp"}`;
  return html`<img class="emoji" src=${source} alt=${`:${name}:`} title=${`:${name}:`} onError=${() => setBroken(true)} />`;
}

/** An emoji as the API has it: a character, or one of a server. */
export function Emoji({ emoji }) {
  if (!emoji) return null;
  return emoji.id
    ? html`<${CustomEmoji} ...${emoji} />`
    : html`<span class="emoji-character">${emoji.name}</span>`;
}
