/** The sandbox's clock and its faults. */

import { postClock, postFault } from "./api.js";
import { clockRate, clockTime, everyTick, now } from "./clock.js";
import { byId, el, show } from "./dom.js";
import { icon } from "./icons.js";
import { toast } from "./layers.js";
import { page, refresh } from "./store.js";

/** @typedef {import("./types.js").Fault} Fault */

const RATES = [1, 10, 60];
const JUMPS = [
  { seconds: 60, text: "+1 min" },
  { seconds: 300, text: "+5 min" },
  { seconds: 900, text: "+15 min" },
];

/** What can be made to go wrong, and where. `seconds` and `code` are asked for only where they mean something. */
/** @type {Record<string, {name: string, kinds: [string, string][]}>} */
const PLACES = {
  telegram: {
    name: "Telegram",
    kinds: [
      ["delay", "answers late"],
      ["429", "429 Too Many Requests"],
      ["500", "500 Internal Error"],
      ["reset_before", "connection cut before the work"],
      ["reset_after", "connection cut after the work"],
    ],
  },
  gateway: {
    name: "Gateway",
    kinds: [
      ["code:1", "code 1: wrong parameters"],
      ["code:2", "code 2: wrong login"],
      ["code:3", "code 3: no money"],
      ["code:4", "code 4: address blocked"],
      ["code:5", "code 5: blacklisted number"],
      ["code:6", "code 6: number not allowed"],
      ["code:9", "code 9: too many requests"],
      ["delay", "answers late"],
      ["500", "500 Internal Error"],
      ["reset_before", "connection cut before the work"],
      ["reset_after", "connection cut after the work"],
    ],
  },
  callback: {
    name: "Callback",
    kinds: [
      ["lost", "is lost"],
      ["doubled", "comes twice"],
      ["late", "comes late"],
    ],
  },
};
const METHODS = [
  "sendMessage",
  "editMessageText",
  "deleteMessage",
  "answerCallbackQuery",
  "approveChatJoinRequest",
  "declineChatJoinRequest",
  "getUpdates",
];
const TIMED = new Set(["delay", "late", "429"]);

/** @param {() => Promise<unknown>} work */
async function run(work) {
  try {
    await work();
    await refresh();
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), "bad");
  }
}

function drawClock() {
  show(byId("clock"), [clockRate()], () => [
    el(
      "header",
      { class: "card-head" },
      el("h2", { class: "card-title", id: "clock-title", text: "Clock" }),
      el("output", {
        class: "clock-face",
        id: "clock-face",
        text: clockTime(now(), true),
        "aria-label": "Sandbox time",
      }),
    ),
    el(
      "div",
      { class: "segments", role: "group", "aria-label": "How fast the clock runs" },
      ...RATES.map((rate) =>
        el("button", {
          class: "segment",
          testid: `clock-rate-${rate}`,
          text: `${rate}×`,
          "aria-pressed": String(clockRate() === rate),
          on: { click: () => run(() => postClock({ rate })) },
        }),
      ),
    ),
    el(
      "div",
      { class: "jumps", role: "group", "aria-label": "Jump ahead" },
      ...JUMPS.map(({ seconds, text }) =>
        el("button", {
          class: "small-button",
          testid: `clock-jump-${seconds}`,
          text,
          on: { click: () => run(() => postClock({ advance: seconds })) },
        }),
      ),
    ),
  ]);
}

/** @param {Fault} fault @returns {string} */
function faultWords(fault) {
  const place = PLACES[fault.where];
  const code = fault.code ?? null;
  const kind = code === null ? fault.kind : `code:${code}`;
  const words = place?.kinds.find(([name]) => name === kind)?.[1] ?? kind;
  const times = fault.times === null || fault.times === undefined ? "until cleared" : `${fault.times}×`;
  const method = METHODS.find((name) => name.toLowerCase() === fault.method?.toLowerCase()) ?? fault.method;
  return [
    `${place?.name ?? fault.where}${method ? ` ${method}` : ""}: ${words}`,
    fault.seconds && TIMED.has(fault.kind) ? `${fault.seconds} s` : "",
    times,
  ]
    .filter(Boolean)
    .join(" · ");
}

function faultForm() {
  const where = el(
    "select",
    { class: "field", "aria-label": "Where", testid: "fault-where" },
    ...Object.entries(PLACES).map(([value, { name }]) => el("option", { value, text: name })),
  );
  const kind = el("select", { class: "field", "aria-label": "What goes wrong", testid: "fault-kind" });
  const method = el(
    "select",
    { class: "field", "aria-label": "Method", testid: "fault-method" },
    el("option", { value: "", text: "any method" }),
    ...METHODS.map((name) => el("option", { value: name, text: name })),
  );
  const times = el(
    "select",
    { class: "field", "aria-label": "How often", testid: "fault-times" },
    el("option", { value: "1", text: "once" }),
    el("option", { value: "3", text: "3 times" }),
    el("option", { value: "", text: "until cleared" }),
  );
  const seconds = el("input", {
    class: "field",
    type: "number",
    min: "0",
    max: "600",
    step: "1",
    value: "3",
    "aria-label": "Seconds",
    testid: "fault-seconds",
  });
  const timed = el(
    "label",
    { class: "with-unit" },
    seconds,
    el("span", { text: "s", "aria-hidden": "true" }),
  );
  const fit = () => {
    method.hidden = where.value !== "telegram";
    timed.hidden = !TIMED.has(kind.value);
  };
  const fill = () => {
    kind.replaceChildren(...PLACES[where.value].kinds.map(([value, text]) => el("option", { value, text })));
    fit();
  };
  where.addEventListener("change", fill);
  kind.addEventListener("change", fit);
  fill();
  const add = (/** @type {Event} */ event) => {
    event.preventDefault();
    const [name, code] = kind.value.split(":");
    void run(() =>
      postFault({
        where: where.value,
        kind: name,
        ...(code ? { code: Number(code) } : {}),
        method: where.value === "telegram" && method.value ? method.value : null,
        times: times.value ? Number(times.value) : null,
        ...(TIMED.has(name) ? { seconds: Number(seconds.value) } : {}),
      }),
    );
  };
  return el(
    "form",
    { class: "fault-form", on: { submit: add } },
    where,
    kind,
    method,
    el("div", { class: "fault-row" }, times, timed),
    el(
      "button",
      { class: "small-button is-solid", type: "submit", testid: "fault-add" },
      icon("bolt", 15),
      "Break it",
    ),
  );
}

/** @type {HTMLElement|null} */
let form = null;

function drawFaults(/** @type {Fault[]} */ faults) {
  form ??= faultForm();
  const kept = form;
  show(byId("faults"), faults, () => [
    el(
      "header",
      { class: "card-head" },
      el("h2", { class: "card-title", id: "faults-title", text: "Faults" }),
      faults.length > 0 &&
        el("button", {
          class: "small-button",
          testid: "faults-clear",
          text: "Clear",
          on: { click: () => run(() => postFault({ clear: true })) },
        }),
    ),
    faults.length > 0 &&
      el(
        "ul",
        { class: "faults" },
        ...faults.map((fault) =>
          el("li", { testid: "fault" }, icon("bolt", 15), el("span", { text: faultWords(fault) })),
        ),
      ),
    kept,
  ]);
}

export function drawControls() {
  if (!page.state) return;
  drawClock();
  drawFaults(page.state.faults ?? []);
}

export function startControls() {
  everyTick(() => {
    const face = document.getElementById("clock-face");
    if (face) face.textContent = clockTime(now(), true);
  });
}
