/** The guide over the phone: what this is, what to tap next, and scenes that play themselves. */

import { byId, el, show } from "./dom.js";
import { guideText } from "./guide-words.js";
import { icon } from "./icons.js";
import { countTap, next, taps } from "./guide-steps.js";
import { play, playing, scene, SCENES, stopPlaying } from "./scenes.js";
import { page, redraw } from "./store.js";
import { onTrace } from "./trace.js";

const LANES = ["handset", "chat", "gate", "tower"];
/** Which lanes an exchange touches. @type {Record<string, number[]>} */
const TOUCHED = { update: [1, 2], bot_api: [2, 1], gateway: [2, 3], callback: [3, 2], phone: [0, 3], fault: [] };
const LIT_FOR = 1400;

let folded = false;

/** @param {string} text @returns {(Node|string)[]} what stands between stars is strong */
const marked = (text) => text.split("*").map((part, place) => (place % 2 ? el("b", { dir: "auto", text: part }) : part));

/** @param {HTMLElement|null} target where the next tap goes; nothing else on the phone is marked */
function point(target) {
  for (const node of document.querySelectorAll(".is-next")) if (node !== target) node.classList.remove("is-next");
  target?.classList.add("is-next");
}

const lanes = () =>
  el(
    "div",
    { class: "guide-lanes", "aria-hidden": "true" },
    ...LANES.map((name, place) => el("span", { class: "guide-lane", title: guideText(`lanes${place}`) }, icon(name, 16))),
  );

const playButton = () => {
  const on = playing();
  return el(
    "button",
    {
      class: "small-button is-solid guide-play",
      testid: on ? "guide-stop" : "guide-play",
      on: { click: () => (on ? stopPlaying() : void play("newcomer")) },
    },
    icon(on ? "close" : "play", 16),
    guideText(on ? "stop" : "play"),
  );
};

const chips = () =>
  el(
    "div",
    { class: "guide-scenes", role: "group", "aria-label": guideText("scenes") },
    ...SCENES.map((name) =>
      el("button", {
        class: "scene",
        testid: `scene-${name}`,
        text: guideText(name),
        "aria-pressed": String(scene() === name),
        on: { click: () => void play(name) },
      }),
    ),
  );

function foldButton() {
  return el(
    "button",
    {
      class: "icon-button guide-fold",
      testid: "guide-fold",
      "aria-expanded": String(!folded),
      "aria-label": guideText(folded ? "more" : "less"),
      on: {
        click: () => {
          folded = !folded;
          redraw();
        },
      },
    },
    icon(folded ? "down" : "up", 18),
  );
}

/** @returns {string} the sentence of the moment */
function sentence(/** @type {import("./guide-steps.js").Next} */ now) {
  const name = page.state?.me.name ?? "";
  const words = scene();
  if (words && words !== "newcomer" && now.key !== "join" && now.key !== "open") return guideText(`scene-${words}`, { name, ...now.values });
  return guideText(now.key, { name, taps: taps(), ...now.values });
}

export function drawGuide() {
  const host = byId("guide");
  const state = page.state;
  host.hidden = !state?.tour;
  document.documentElement.classList.toggle("has-guide", !!state?.tour);
  if (!state?.tour) return;
  const now = next();
  const text = sentence(now);
  point(now.target);
  show(host, [text, now.step, folded, playing(), scene()], () => [
    el(
      "div",
      { class: `guide-head${now.step > 1 && !folded ? " is-read" : ""}` },
      el("p", { class: "guide-about", text: guideText("about") }),
      folded && foldButton(),
    ),
    !folded &&
      el(
        "div",
        { class: "guide-now" },
        el(
          "ol",
          { class: "guide-steps", role: "img", "aria-label": guideText("step", { step: Math.min(now.step, 3) }) },
          ...[1, 2, 3].map((step) =>
            el(
              "li",
              { class: now.step > step ? "is-done" : now.step === step ? "is-now" : "" },
              now.step > step ? icon("check", 14) : String(step),
            ),
          ),
        ),
        el("p", { class: "guide-text", testid: "guide-text", role: "status" }, ...marked(text)),
        lanes(),
        playButton(),
        foldButton(),
      ),
    !folded && chips(),
  ]);
}

/** Lights the lanes of what has just travelled. @param {import("./types.js").TraceEntry} entry */
function light(entry) {
  const nodes = document.querySelectorAll(".guide-lane");
  for (const place of TOUCHED[entry.kind] ?? []) {
    const node = nodes[place];
    if (!(node instanceof HTMLElement)) continue;
    node.style.setProperty("--kind", `var(--${entry.kind.replace("_", "-")})`);
    node.classList.add("is-lit");
    clearTimeout(Number(node.dataset.timer));
    node.dataset.timer = String(setTimeout(() => node.classList.remove("is-lit"), LIT_FOR));
  }
}

export function startGuide() {
  onTrace(light);
  byId("phone").addEventListener("click", countTap, true);
  // What a layer shows is no part of the state.
  new MutationObserver(() => drawGuide()).observe(byId("phone"), { childList: true, subtree: true });
}
