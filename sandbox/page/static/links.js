// Which addresses out of a message may be followed or loaded. No DOM in here.

const APP = /^(?:(?:www|ptb|canary)\.)?discord(?:app)?\.com$/;
const PLACE = /^\/channels\/(@me|\d{1,20})\/(\d{1,20})(?:\/(\d{1,20}))?\/?$/;
const WEB = new Set(["http:", "https:"]);

function parsed(address) {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

/** Whether a text is an http or https address. */
export function isWebAddress(address) {
  const url = typeof address === "string" ? parsed(address) : null;
  return url !== null && WEB.has(url.protocol) && url.hostname !== "";
}

/** The address to put into a link, or null for any but http and https. */
export function safeLink(address) {
  return isWebAddress(address) ? parsed(address).href : null;
}

/** Whether a picture that lies elsewhere can be loaded: the page's policy takes those by https. */
export function isLoadable(address) {
  return isWebAddress(address) && parsed(address).protocol === "https:";
}

/** Whether an image or a file may be loaded without asking: it lies on the sandbox's own CDN or in the page. */
export function isOwnMedia(address, cdn) {
  const url = typeof address === "string" ? parsed(address) : null;
  const own = parsed(cdn);
  if (url === null) return false;
  if (url.protocol === "blob:" || (url.protocol === "data:" && /^data:image\//i.test(address))) return true;
  return own !== null && url.origin === own.origin;
}

/** The host of an address, "" without one. */
export function hostOf(address) {
  return parsed(address)?.host ?? "";
}

/** The place in Discord an address means: {guild (null: direct messages), channel, message (or null)}; null when none. */
export function placeOf(address) {
  const url = typeof address === "string" ? parsed(address) : null;
  if (url === null || !WEB.has(url.protocol) || !APP.test(url.hostname)) return null;
  const found = PLACE.exec(url.pathname);
  return (
    found && { guild: found[1] === "@me" ? null : found[1], channel: found[2], message: found[3] ?? null }
  );
}
