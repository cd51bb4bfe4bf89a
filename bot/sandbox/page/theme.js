/** Light and dark: the system's choice unless the person chose here. Runs before the first paint. */

const KEY = "callgate-sandbox-theme";
const root = document.documentElement;
const chosen = localStorage.getItem(KEY);
if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

/** @type {Set<() => void>} */
const watchers = new Set();
const tell = () => watchers.forEach((run) => run());

/** @param {() => void} run called when it may have changed @returns {() => void} ends that */
export function onTheme(run) {
  watchers.add(run);
  return () => void watchers.delete(run);
}

/** @returns {"light"|"dark"} what is on the screen now */
export function theme() {
  const set = root.dataset.theme;
  if (set === "light" || set === "dark") return set;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Turns to the other one. Choosing what the system has anyway goes back to following the system. */
export function toggleTheme() {
  const next = theme() === "dark" ? "light" : "dark";
  delete root.dataset.theme;
  localStorage.removeItem(KEY);
  if (theme() !== next) {
    root.dataset.theme = next;
    localStorage.setItem(KEY, next);
  }
  tell();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
