import { html } from "../html.js";

export function Message({ message }) {
  return html`<li class="message" data-id=${message.id}>
    <b>${message.author.global_name ?? message.author.username}</b> <span>${message.content}</span>
    ${message.note && html` <i>${message.note.title}</i>`}
  </li>`;
}
