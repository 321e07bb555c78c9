import { html, useState } from "../html.js";
import { usePage } from "./context.js";

export function Composer({ channelId }) {
  const { actions } = usePage();
  const [text, setText] = useState("");
  const send = async (event) => {
    event.preventDefault();
    await actions.say(channelId, text);
    setText("");
  };
  return html`<form class="composer" onSubmit=${send}>
    <textarea aria-label="Message" value=${text} onInput=${(event) => setText(event.target.value)}
      onKeyDown=${(event) => event.key === "Enter" && !event.shiftKey && send(event)}></textarea>
  </form>`;
}
