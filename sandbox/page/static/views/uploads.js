// Files that go with a message: previews before sending, and how they are read.
import { html, useEffect, useState } from "../html.js";
import { readableSize } from "../writing/uploads.js";
import { Icon, IconButton } from "./common.js";

let count = 0;

/** What a draft keeps of a chosen file. */
export function asUpload(file) {
  count += 1;
  return { key: String(count), name: file.name || "file", size: file.size, type: file.type, file };
}

/** Reads a file as operations take it; `onProgress` gets 0 to 1. */
export function packed({ name, type, file }, onProgress = () => {}) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    reader.onload = () =>
      resolve({
        filename: name,
        content_type: type,
        content_b64: reader.result.slice(reader.result.indexOf(",") + 1),
      });
    reader.onerror = () => reject(new Error(`${name} can't be read any more. Choose it again.`));
    reader.readAsDataURL(file);
  });
}

/** The strip of files over the box. */
export function Uploads({ files, sending, progress, onRemove }) {
  if (!files.length) return null;
  return html`<ul class="uploads" aria-label="Files to send" aria-busy=${sending}>
    ${files.map((file) => html`<${Upload} key=${file.key} file=${file} sending=${sending} onRemove=${() => onRemove(file)} />`)}
    ${sending && html`<li class="uploads-progress"><progress max="1" value=${progress} aria-label="Sending the files"></progress></li>`}
  </ul>`;
}

function Upload({ file, sending, onRemove }) {
  const url = usePreview(file);
  return html`<li class="upload">
    <span class="upload-face">${url ? html`<img src=${url} alt="" />` : html`<${Icon} name="file" size=${28} />`}</span>
    <span class="upload-name" title=${file.name}>${file.name}</span>
    <span class="upload-size">${readableSize(file.size)}</span>
    ${!sending && html`<${IconButton} icon="close" size=${16} class="upload-remove" label=${`Remove ${file.name}`} onClick=${onRemove} />`}
  </li>`;
}

function usePreview({ type, file }) {
  const [url, setUrl] = useState(null);
  useEffect(() => {
    if (!/^image\/(png|jpeg|gif|webp|avif)$/.test(type)) return undefined;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return url;
}

/** Opens the browser's choice of files. */
export function chooseFiles(onFiles, { multiple = true } = {}) {
  const input = document.createElement("input");
  Object.assign(input, { type: "file", multiple });
  input.onchange = () => onFiles([...input.files]);
  input.click();
}

/** Whether files are being dragged over the page; `onFiles` gets those that are dropped. */
export function useDrop(enabled, onFiles) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (!enabled) return undefined;
    const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const drag = (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event) => !event.relatedTarget && setOver(false);
    const drop = (event) => {
      setOver(false);
      if (!holdsFiles(event)) return;
      event.preventDefault();
      onFiles([...event.dataTransfer.files]);
    };
    const listeners = { dragenter: drag, dragover: drag, dragleave: leave, drop };
    for (const [name, listener] of Object.entries(listeners)) window.addEventListener(name, listener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) window.removeEventListener(name, listener);
    };
  }, [enabled, onFiles]);
  return over;
}
