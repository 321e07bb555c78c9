// How large things are: pictures, the columns of an embed, files. No DOM in here.

const IN_A_ROW = 3;
const UNKNOWN = { width: 320, height: 200 }; // pixels of a picture whose size nobody told

/** The size a picture is shown at, known before it is loaded: within a box, never enlarged. */
export function shownSize(media, maxWidth = 480, maxHeight = 320) {
  const { width, height } = media.width && media.height ? media : UNKNOWN;
  const scale = Math.min(1, maxWidth / width, maxHeight / height);
  return { width: Math.max(24, Math.round(width * scale)), height: Math.max(24, Math.round(height * scale)) };
}

/** Up to three inline fields share a row: returns {field, span} with how much of a grid of six each takes. */
export function columns(fields) {
  const rows = [];
  for (const field of fields) {
    const row = rows.at(-1);
    if (field.inline && row?.[0].inline && row.length < IN_A_ROW) row.push(field);
    else rows.push([field]);
  }
  return rows.flatMap((row) => row.map((field) => ({ field, span: row[0].inline ? 6 / row.length : 6 })));
}

const UNITS = ["bytes", "KB", "MB", "GB"];

/** 512 -> "512 bytes", 1536 -> "1.5 KB". */
export function fileSize(bytes) {
  let size = Number(bytes) || 0;
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(size < 10 ? 1 : 0)} ${UNITS[unit]}`;
}
