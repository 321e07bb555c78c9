// Colours of roles, made readable on either theme's background. No DOM in here.

const BACKGROUNDS = { dark: 0x1f2127, light: 0xffffff };
const LEAST = 4.5; // contrast, WCAG AA for text
const STEP = 0.06;

function channels(number) {
  return [(number >> 16) & 255, (number >> 8) & 255, number & 255];
}

function luminance(number) {
  const [red, green, blue] = channels(number).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The contrast of two colours: 1 (none) to 21. */
export function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** A colour nudged towards white (dark theme) or black (light) until it can be read. */
export function readable(colour, theme) {
  const background = BACKGROUNDS[theme];
  const goal = theme === "dark" ? 255 : 0;
  let mixed = colour;
  for (let part = 0; part < 1 && contrast(mixed, background) < LEAST; part += STEP) {
    const [red, green, blue] = channels(colour).map((value) => Math.round(value + (goal - value) * part));
    mixed = (red << 16) | (green << 8) | blue;
  }
  return mixed;
}

export function hex(number) {
  return `#${number.toString(16).padStart(6, "0")}`;
}

/** The colour of a member's highest coloured role, 0 without one. */
export function roleColour(guild, roleIds) {
  const coloured = (guild?.roles ?? []).filter((role) => role.color && roleIds?.includes(role.id));
  return coloured.sort((a, b) => b.position - a.position)[0]?.color ?? 0;
}

/** Style for text in a colour; styles choose the variable of the theme (.coloured). */
export function textColour(colour) {
  if (!colour) return null;
  return { "--on-dark": hex(readable(colour, "dark")), "--on-light": hex(readable(colour, "light")) };
}
