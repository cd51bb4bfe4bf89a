/** "What travelled": every exchange in order, drawn between four lanes like the strings of a sequence diagram. */

import { byId, copyText, el } from "./dom.js";
import { icon } from "./icons.js";
import { jsonTree } from "./json.js";
import { toast } from "./layers.js";

/** @typedef {import("./types.js").TraceEntry} TraceEntry */

const LANES = [
  ["handset", "Phone"],
  ["chat", "Telegram"],
  ["gate", "Callgate"],
  ["tower", "Gateway"],
];

/** Which way each kind goes: from lane, to lane. @type {Record<string, {name: string, from: number, to: number}>} */
const KINDS = {
  update: { name: "Update", from: 1, to: 2 },
  bot_api: { name: "Bot API", from: 2, to: 1 },
  gateway: { name: "Gateway", from: 2, to: 3 },
  callback: { name: "Callback", from: 3, to: 2 },
  phone: { name: "Phone", from: 0, to: 3 },
  fault: { name: "Fault", from: -1, to: -1 },
};
const MOST = 600;

/** @type {Map<number, TraceEntry>} */
const entries = new Map();
/** @type {Set<string>} */
const muted = new Set();
let wanted = "";
let unseen = 0;
/** What the person has wiped away does not come back with a reconnection. */
let cleared = { seq: 0, at: "" };
/** @type {{list: HTMLElement, jump: HTMLButtonElement, empty: HTMLElement}} */
let parts;
/** @type {((total: number) => void)[]} */
const counters = [];

/** @type {((entry: TraceEntry) => void)[]} */
const hearers = [];

/** @param {(entry: TraceEntry) => void} run called for what travels from now on */
export const onTrace = (run) => hearers.push(run);

/** @param {(total: number) => void} run */
export const onCount = (run) => counters.push(run);

/** @param {TraceEntry} entry @returns {boolean} */
const shown = (entry) =>
  !muted.has(entry.kind) &&
  (!wanted || `${entry.title} ${JSON.stringify(entry.detail)}`.toLowerCase().includes(wanted));

const atEnd = () => parts.list.scrollHeight - parts.list.scrollTop - parts.list.clientHeight < 60;

const toEnd = () => {
  parts.list.scrollTop = parts.list.scrollHeight;
  unseen = 0;
  parts.jump.hidden = true;
};

/** @param {string} at an ISO moment @returns {string} */
function moment(at) {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? at : date.toLocaleTimeString("en-GB", { hour12: false });
}

/** @param {string} kind @returns {HTMLElement} the arrow between the lanes */
function arrow(kind) {
  const { from, to } = KINDS[kind] ?? KINDS.fault;
  const lanes = el("span", { class: "lanes", "aria-hidden": "true" });
  if (from < 0) lanes.append(el("span", { class: "lane-fault" }, icon("bolt", 15)));
  else {
    const line = el("span", { class: `arrow${to < from ? " is-left" : ""}` });
    line.style.setProperty("--from", String(Math.min(from, to)));
    line.style.setProperty("--span", String(Math.abs(to - from)));
    lanes.append(line);
  }
  return lanes;
}

/** @param {TraceEntry} entry */
function row(entry) {
  const kind = KINDS[entry.kind] ?? { name: entry.kind };
  const id = `trace-${entry.seq}`;
  const detail = el("div", { class: "trace-detail", id, hidden: true });
  const button = el(
    "button",
    { class: "trace-row", "aria-expanded": "false", "aria-controls": id, data: { key: id } },
    arrow(entry.kind),
    el(
      "span",
      { class: "trace-words" },
      el("span", { class: "trace-title", dir: "auto", text: entry.title }),
      el(
        "span",
        { class: "trace-meta" },
        el("span", { class: "trace-kind", text: kind.name }),
        !entry.ok && el("span", { class: "trace-bad", text: "failed" }),
        el("span", { text: moment(entry.at) }),
        typeof entry.ms === "number" &&
          el("span", { text: `${entry.ms < 10 ? Math.round(entry.ms * 10) / 10 : Math.round(entry.ms)} ms` }),
      ),
    ),
    icon("next", 15),
  );
  button.addEventListener("click", () => {
    const open = detail.hidden;
    detail.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    if (detail.childElementCount) return void detail.scrollIntoView({ block: "nearest" });
    const text = JSON.stringify(entry.detail, null, 2);
    detail.append(
      jsonTree(entry.detail),
      el(
        "button",
        {
          class: "icon-button is-small copy-json",
          "aria-label": "Copy as JSON",
          title: "Copy as JSON",
          on: {
            click: async () => {
              await copyText(text);
              toast("Copied to clipboard", "good");
            },
          },
        },
        icon("copy", 16),
      ),
    );
    return void detail.scrollIntoView({ block: "nearest" });
  });
  return el(
    "li",
    {
      class: `trace-entry kind-${KINDS[entry.kind] ? entry.kind : "fault"}${entry.ok ? "" : " is-bad"}`,
      testid: "trace-entry",
      data: { kind: entry.kind, seq: String(entry.seq) },
    },
    button,
    detail,
  );
}

/** Empties the panel. */
function forget() {
  const last = [...entries.values()].pop();
  if (last) cleared = { seq: last.seq, at: last.at };
  entries.clear();
  counters.forEach((run) => run(0));
  redrawAll();
}

let setUp = 0;

/** Wipes away what belonged to the set-up, once. @param {number} seq the last of it @returns {boolean} whether it did */
export function hideSetUp(seq) {
  if (setUp === seq) return false;
  setUp = seq;
  for (const entry of [...entries.values()]) if (entry.seq <= seq) entries.delete(entry.seq);
  counters.forEach((run) => run(entries.size));
  redrawAll();
  return true;
}

/** @param {TraceEntry} entry */
export function addTrace(entry) {
  const same = entries.get(entry.seq);
  if (same && same.at !== entry.at)
    forget(); // the sandbox was started anew and counts from one again
  else if (same || entry.seq <= setUp || (entry.seq <= cleared.seq && entry.at <= cleared.at)) return;
  entries.set(entry.seq, entry);
  hearers.forEach((run) => run(entry));
  if (entries.size > MOST) {
    const [oldest] = entries.keys();
    entries.delete(oldest);
    parts.list.querySelector(`[data-seq="${oldest}"]`)?.remove();
  }
  counters.forEach((run) => run(entries.size));
  if (!shown(entry)) return;
  const follow = atEnd();
  parts.empty.hidden = true;
  parts.list.append(row(entry));
  if (follow) return toEnd();
  unseen += 1;
  parts.jump.hidden = false;
  parts.jump.lastChild?.replaceWith(`${unseen} new`);
}

function redrawAll() {
  const follows = !parts.list.childElementCount || atEnd();
  const place = parts.list.scrollTop;
  const rows = [...entries.values()].filter(shown).map(row);
  parts.list.replaceChildren(parts.empty, ...rows);
  parts.empty.hidden = rows.length > 0;
  parts.empty.textContent = entries.size
    ? "Nothing matches the filter."
    : "Nothing has travelled yet. Open a chat on the phone and ask to join.";
  if (follows) toEnd();
  else parts.list.scrollTop = place;
}

/** A list that was hidden or has another width comes back where it was: at the row it began with, or at its end. */
function keepPlace() {
  /** @type {{row: Element|null, end: boolean}} */
  let place = { row: null, end: true };
  parts.list.addEventListener("scroll", () => {
    const top = parts.list.getBoundingClientRect().top;
    const row = [...parts.list.children].find((node) => node.getBoundingClientRect().bottom > top);
    place = { row: row ?? null, end: atEnd() };
  });
  let width = 0;
  new ResizeObserver(() => {
    if (!parts.list.clientWidth || parts.list.clientWidth === width) return;
    width = parts.list.clientWidth;
    if (place.end) toEnd();
    else if (place.row) parts.list.scrollTop += place.row.getBoundingClientRect().top - parts.list.getBoundingClientRect().top;
  }).observe(parts.list);
}

export function startTrace() {
  const chips = el(
    "div",
    { class: "chips", role: "group", "aria-label": "Show kinds" },
    ...Object.entries(KINDS).map(([kind, { name }]) => {
      const chip = el("button", {
        class: `chip kind-${kind}`,
        testid: `trace-filter-${kind}`,
        "aria-pressed": "true",
        text: name,
      });
      chip.addEventListener("click", () => {
        if (!muted.delete(kind)) muted.add(kind);
        chip.setAttribute("aria-pressed", String(!muted.has(kind)));
        redrawAll();
      });
      return chip;
    }),
  );
  const search = el("input", {
    class: "field",
    type: "search",
    placeholder: "Filter",
    "aria-label": "Filter what travelled",
    testid: "trace-search",
  });
  search.addEventListener("input", () => {
    wanted = search.value.trim().toLowerCase();
    redrawAll();
  });
  const clear = el("button", {
    class: "small-button",
    testid: "trace-clear",
    text: "Clear",
    on: { click: forget },
  });
  const empty = el("li", { class: "trace-empty" });
  const list = el(
    "ol",
    { class: "trace", testid: "trace", tabindex: "0", "aria-label": "What travelled" },
    empty,
  );
  const jump = el(
    "button",
    { class: "trace-jump", hidden: true, on: { click: toEnd } },
    icon("down", 16),
    "",
  );
  list.addEventListener("scroll", () => {
    if (atEnd()) {
      unseen = 0;
      jump.hidden = true;
    }
  });
  parts = { list, jump, empty };
  byId("travel").append(
    el(
      "header",
      { class: "travel-head" },
      el(
        "div",
        { class: "travel-title" },
        el("h2", { class: "card-title", id: "travel-title", text: "What travelled" }),
        search,
        clear,
      ),
      el("ol", { class: "story", id: "story", "aria-label": "What happened" }),
      chips,
      el(
        "div",
        { class: "lane-heads", "aria-hidden": "true" },
        ...LANES.map(([name, label]) =>
          el("span", { title: label }, icon(name, 18), el("small", { text: label })),
        ),
      ),
    ),
    list,
    jump,
  );
  keepPlace();
  redrawAll();
}
