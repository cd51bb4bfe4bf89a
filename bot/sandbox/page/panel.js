/** The sandbox's panel: beside the phone where there is room, a bottom sheet behind a button where there is not. */

import { byId, el } from "./dom.js";
import { icon } from "./icons.js";

/** @type {("side"|"travel")[]} */
const TABS = ["side", "travel"];
const NAMES = { side: "People & controls", travel: "What travelled" };
/** @type {Element|null} */
let before = null;

/** @returns {boolean} whether the panel is a bottom sheet now */
const isSheet = () => matchMedia("(max-width: 759px)").matches;

/** @param {"side"|"travel"} tab */
function choose(tab) {
  const panel = byId("panel");
  panel.dataset.tab = tab;
  for (const button of panel.querySelectorAll("[role=tab]")) {
    const on = button.dataset.tab === tab;
    button.setAttribute("aria-selected", String(on));
    button.tabIndex = on ? 0 : -1;
  }
}

/** @param {"side"|"travel"} tab opens the panel at it, or points to it where the panel is always there */
export function showPanel(tab) {
  choose(tab);
  const section = byId(tab);
  if (!isSheet()) {
    section.querySelector("button")?.focus();
    return;
  }
  before = document.activeElement;
  byId("panel").classList.add("is-open");
  byId("panel-shade").hidden = false;
  fit();
  byId("panel").querySelector("[aria-selected=true]")?.focus({ preventScroll: true });
}

export function hidePanel() {
  if (!byId("panel").classList.contains("is-open")) return;
  byId("panel").classList.remove("is-open");
  byId("panel-shade").hidden = true;
  fit();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
}

/** A closed sheet is out of reach, and so is the phone behind an open one. */
function fit() {
  const open = byId("panel").classList.contains("is-open");
  byId("panel").inert = isSheet() && !open;
  byId("stage").inert = isSheet() && open;
}

export function startPanel() {
  const tabs = el(
    "div",
    { class: "tabs", role: "tablist", "aria-label": "Sandbox panel" },
    ...TABS.map((tab) =>
      el("button", {
        class: "tab",
        role: "tab",
        text: NAMES[tab],
        data: { tab },
        testid: `panel-tab-${tab}`,
        "aria-controls": tab,
        on: { click: () => choose(tab) },
      }),
    ),
  );
  tabs.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    choose(byId("panel").dataset.tab === "side" ? "travel" : "side");
    tabs.querySelector("[aria-selected=true]").focus();
  });
  byId("panel-bar").append(
    el("div", { class: "sheet-grip" }),
    tabs,
    el(
      "button",
      {
        class: "icon-button panel-close",
        "aria-label": "Close the panel",
        testid: "panel-close",
        on: { click: hidePanel },
      },
      icon("close"),
    ),
  );
  byId("panel-shade").addEventListener("click", hidePanel);
  document.addEventListener(
    "keydown",
    (event) => event.key === "Escape" && !event.defaultPrevented && hidePanel(),
  );
  matchMedia("(max-width: 759px)").addEventListener("change", () => {
    hidePanel();
    fit();
  });
  choose("travel");
  fit();
}
