/** The panel's raid: strangers who come to a group all at once. */

import { attempt } from "./act.js";
import { postRaid } from "./api.js";
import { byId, el, show } from "./dom.js";
import { icon } from "./icons.js";
import { page } from "./store.js";

/** @typedef {import("./types.js").Raid} Raid */

const SIZES = [30, 100, 300];
let size = SIZES[1];
/** @type {number|null} */
let target = null;

/** @param {Raid} raid @returns {string} */
function words(raid) {
  if (raid.trouble) return raid.trouble;
  if (raid.over) return raid.came < raid.size ? `Stopped after ${raid.came}.` : `All ${raid.came} came.`;
  return `${raid.came} of ${raid.size} came`;
}

/** @param {Raid} raid */
const progress = (raid) =>
  el(
    "div",
    { class: `raid${raid.over ? " is-over" : ""}`, testid: "raid-progress" },
    el("p", { class: "raid-title", dir: "auto", text: raid.title }),
    el("progress", { class: "raid-bar", max: String(raid.size), value: String(raid.came), "aria-label": "Raid" }),
    el("p", { class: "raid-words", role: "status", text: words(raid) }),
  );

function form() {
  const groups = (page.state?.chats ?? []).filter((chat) => chat.type !== "private");
  if (!groups.some((chat) => chat.id === target)) target = groups[0]?.id ?? null;
  const where = el(
    "select",
    { class: "field", "aria-label": "Group", testid: "raid-group" },
    ...groups.map((chat) =>
      el("option", { value: String(chat.id), text: chat.title, selected: chat.id === target }),
    ),
  );
  where.addEventListener("change", () => (target = Number(where.value)));
  return [
    where,
    el(
      "div",
      { class: "segments", role: "group", "aria-label": "How many strangers" },
      ...SIZES.map((count) =>
        el("button", {
          class: "segment",
          text: String(count),
          testid: `raid-${count}`,
          "aria-pressed": String(count === size),
          on: {
            click: () => {
              size = count;
              drawRaid();
            },
          },
        }),
      ),
    ),
    el(
      "button",
      {
        class: "small-button is-solid",
        testid: "raid-start",
        on: { click: () => target !== null && attempt(() => postRaid({ chat: Number(target), size })) },
      },
      icon("crowd", 16),
      "Start a raid",
    ),
  ];
}

const stop = () =>
  el(
    "button",
    { class: "small-button", testid: "raid-stop", on: { click: () => attempt(() => postRaid({ stop: true })) } },
    icon("close", 15),
    "Stop",
  );

export function drawRaid() {
  const state = page.state;
  if (!state) return;
  const { raid } = state;
  const goesOn = raid !== null && !raid.over;
  const groups = state.chats.filter((chat) => chat.type !== "private").map((chat) => [chat.id, chat.title]);
  show(byId("raid"), [raid, size, groups], () => [
    el(
      "header",
      { class: "card-head" },
      el("h2", { class: "card-title", id: "raid-title", text: "Raid" }),
      goesOn && stop(),
    ),
    raid && progress(raid),
    el("div", { class: "raid-form" }, ...(goesOn ? [] : form())),
  ]);
}
