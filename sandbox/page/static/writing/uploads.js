// Files before they are sent: limits and sizes. No DOM in here.

const MAX_FILES = 10;
export const MAX_BYTES = 10 * 1024 * 1024;
const MAX_TOTAL = 45 * 1024 * 1024;

/** "820 B", "3.4 KB", "12 MB". */
export function readableSize(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KB", "MB", "GB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} ${units[unit]}`;
}

/** Sorts new files into those that can come along and what is wrong with the others: {taken, error}. */
export function admit(present, added) {
  const taken = [];
  const problems = [];
  let total = present.reduce((sum, file) => sum + file.size, 0);
  for (const file of added) {
    if (present.length + taken.length >= MAX_FILES) {
      problems.push(`A message takes at most ${MAX_FILES} files.`);
      break;
    }
    if (file.size > MAX_BYTES)
      problems.push(
        `${file.name} is ${readableSize(file.size)}: a file may have ${readableSize(MAX_BYTES)}.`,
      );
    else if (total + file.size > MAX_TOTAL)
      problems.push(`${file.name} is too much: all files together may have ${readableSize(MAX_TOTAL)}.`);
    else {
      total += file.size;
      taken.push(file);
    }
  }
  return { taken, error: problems.length ? problems.join(" ") : null };
}
