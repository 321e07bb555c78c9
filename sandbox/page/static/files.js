// Files the viewer picked, as the sandbox's operations take them.

/** Returns {filename, content_type, content_b64} of a File. */
export function encoded(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve({ filename: file.name, content_type: file.type, content_b64: reader.result.slice(reader.result.indexOf(",") + 1) });
    reader.onerror = () => reject(new Error(`${file.name} can't be read: is it still there?`));
    reader.readAsDataURL(file);
  });
}
