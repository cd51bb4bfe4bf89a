/** The sandbox clock, carried on between two answers of the server. */

let base = Date.now() / 1000;
let at = performance.now();
let rate = 1;
/** Seconds by which the answer differs when the clock was moved; less is the way of the answer. */
const JUMP = 2;
/** @type {Set<() => void>} */
const changes = new Set();

/** @param {{now: number, rate: number}} clock as the server just told it */
export function setClock(clock) {
  const jumped = Math.abs(clock.now - now()) > JUMP || clock.rate !== rate;
  base = clock.now;
  rate = clock.rate;
  at = performance.now();
  if (jumped) changes.forEach((run) => run());
}

/** @param {() => void} run called when the clock jumps or runs at another speed @returns {() => void} ends that */
export function onClockChange(run) {
  changes.add(run);
  return () => void changes.delete(run);
}

/** @returns {number} by how many ms the sandbox clock is ahead of this machine's */
export const lead = () => now() * 1000 - Date.now();

/** @returns {number} seconds since 1970 on the sandbox clock */
export const now = () => base + ((performance.now() - at) / 1000) * rate;

/** @returns {number} */
export const clockRate = () => rate;

/** @param {number} n */
const two = (n) => String(n).padStart(2, "0");

/** @param {number} unix @param {boolean} [seconds] @returns {string} wall clock, this browser's time zone */
export function clockTime(unix, seconds = false) {
  const date = new Date(unix * 1000);
  return `${two(date.getHours())}:${two(date.getMinutes())}${seconds ? `:${two(date.getSeconds())}` : ""}`;
}

/** @param {number} span seconds @param {boolean} ru */
function lasting(span, ru) {
  const [d, h, min] = ru ? ["д", "ч", "мин"] : ["d", "h", "min"];
  if (span >= 86400) return `${Math.floor(span / 86400)} ${d} ${Math.floor((span % 86400) / 3600)} ${h}`;
  if (span >= 3600) return `${Math.floor(span / 3600)} ${h} ${two(Math.floor((span % 3600) / 60))} ${min}`;
  return `${Math.floor(span / 60)}:${two(span % 60)}`;
}

/** @param {number} unix @param {string} language @returns {string} "in 14:32", "через 14:32", "0:07 ago" */
export function relative(unix, language) {
  const ru = language.startsWith("ru");
  const left = Math.ceil(unix - now());
  const span = lasting(Math.abs(left), ru);
  if (left > 0) return `${ru ? "через" : "in"} ${span}`;
  return left > -1 ? (ru ? "сейчас" : "now") : `${span} ${ru ? "назад" : "ago"}`;
}

/**
 * @param {number} unix @param {string} format Telegram's letters: w weekday, d/D date, t/T time, r relative
 * @param {string} language @returns {string}
 */
export function dateTime(unix, format, language) {
  if (format === "r") return relative(unix, language);
  /** @type {Intl.DateTimeFormatOptions} */
  const options = {};
  if (/w/.test(format)) options.weekday = "long";
  if (/d/.test(format)) Object.assign(options, { day: "2-digit", month: "2-digit", year: "2-digit" });
  if (/D/.test(format)) Object.assign(options, { day: "numeric", month: "long", year: "numeric" });
  if (/t/i.test(format)) Object.assign(options, { hour: "2-digit", minute: "2-digit" });
  if (/T/.test(format)) options.second = "2-digit";
  try {
    return new Intl.DateTimeFormat(language, options).format(unix * 1000);
  } catch {
    return clockTime(unix);
  }
}

/** @param {number} unix @returns {string} a day's separator: Today, Yesterday, 3 May */
export function dayName(unix) {
  const day = new Date(unix * 1000);
  const today = new Date(now() * 1000);
  const midnight = (/** @type {Date} */ d) => Date.UTC(d.getFullYear(), d.getMonth(), d.getDate());
  const ago = Math.round((midnight(today) - midnight(day)) / 86400000);
  if (ago === 0) return "Today";
  if (ago === 1) return "Yesterday";
  if (ago === -1) return "Tomorrow";
  return day.toLocaleDateString("en-GB", { day: "numeric", month: "long" });
}

/** @param {number} unix @returns {string} a later moment, with its day unless it is today: 14:32, Tomorrow, 14:32 */
export function untilWords(unix) {
  const day = dayName(unix);
  return day === "Today" ? clockTime(unix) : `${day}, ${clockTime(unix)}`;
}

/** Calls back often enough for a clock that may run sixty times faster. @param {() => void} run */
export function everyTick(run) {
  run();
  setInterval(run, 200);
}

/** Brings every countdown on the page up to date. Marked by `data-unix`; the last minute is marked too. */
export function tickCountdowns() {
  for (const node of document.querySelectorAll("[data-unix]")) {
    if (!(node instanceof HTMLElement)) continue;
    const unix = Number(node.dataset.unix);
    const text = relative(unix, node.dataset.language || "en");
    if (node.textContent !== text) node.textContent = text;
    const left = unix - now();
    node.classList.toggle("is-last", left > 0 && left <= 60);
    node.classList.toggle("is-over", left <= 0);
  }
}
