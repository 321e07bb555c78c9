import { html } from "../html.js";
import { excerpt } from "../names.js";
import { RichText } from "./rich-text.js";

/** The beginning of a message in a card: styled, nothing in it to press. */
export function Preview({ message }) {
  if (!message.content) return html`<span class="card-text">${excerpt(message)}</span>`;
  return html`<span class="card-text"><${RichText} text=${message.content.slice(0, 400)} users=${message.mentions} inline /></span>`;
}
