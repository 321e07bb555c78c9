// Dark, light, or as the system has it; remembered in this browser.

export const THEMES = ["system", "dark", "light"];
const KEY = "theme";
const light = window.matchMedia("(prefers-color-scheme: light)");

export function chosenTheme() {
  const kept = localStorage.getItem(KEY);
  return THEMES.includes(kept) ? kept : "system";
}

export function chooseTheme(name) {
  localStorage.setItem(KEY, name);
  applyTheme();
}

/** Sets the page's colours; called again when the system changes its mind. */
export function applyTheme() {
  const chosen = chosenTheme();
  const dark = chosen === "dark" || (chosen === "system" && !light.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

light.addEventListener("change", applyTheme);
