// Times as text. No DOM in here.

const STYLES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
  s: { dateStyle: "short", timeStyle: "short" },
  S: { dateStyle: "short", timeStyle: "medium" },
};
const UNITS = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/**
 * Returns a time as text. `style` is t, T, d, D, f, F, s, S, R (relative) as in <t:...:R>, or "chat": the time alone
 * today, "Yesterday 14:03", else date and time.
 */
export function formatTime(date, style = "f", now = new Date(), locale = undefined) {
  if (Number.isNaN(date.getTime())) return "an unknown time";
  if (style === "R") return relative(date, now, locale);
  if (style === "chat") return chat(date, now, locale);
  return formatter(style, locale).format(date);
}

const formatters = new Map(); // making one takes longer than a hundred uses of it

function formatter(style, locale) {
  const key = `${style} ${locale}`;
  if (!formatters.has(key)) formatters.set(key, new Intl.DateTimeFormat(locale, STYLES[style] ?? STYLES.f));
  return formatters.get(key);
}

/** Whole local days from one time to another: 0 on the same day, 1 when `to` is the day after. */
export function daysBetween(from, to) {
  const midnight = (date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(to) - midnight(from)) / 86_400_000);
}

function chat(date, now, locale) {
  const days = daysBetween(date, now);
  const clock = formatTime(date, "t", now, locale);
  if (days === 0) return clock;
  if (days === 1) return `Yesterday ${clock}`;
  return `${formatTime(date, "d", now, locale)} ${clock}`;
}

function relative(date, now, locale) {
  const seconds = Math.round((date - now) / 1000);
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return format.format(Math.trunc(seconds / length), unit);
  }
  return format.format(seconds, "second");
}

/** A short age for lists: "now", "5 min", "3 h", "2 d", "5 mo", "1 y". */
export function age(date, now = new Date()) {
  const minutes = Math.floor((now - date) / 60_000);
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h`;
  const days = Math.floor(minutes / 1440);
  if (days < 60) return `${days} d`;
  return days < 730 ? `${Math.floor(days / 30)} mo` : `${Math.floor(days / 365)} y`;
}

/** When a thing with this snowflake was made. */
export function madeAt(id) {
  return new Date(Number((BigInt(id) >> 22n) + 1_420_070_400_000n));
}
