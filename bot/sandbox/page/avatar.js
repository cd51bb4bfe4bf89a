/** Small signs of who or what something is. */

import { el } from "./dom.js";
import { initials } from "./format.js";
import { icon } from "./icons.js";

/** @param {{id: number, name: string, bot?: boolean}} who @param {"s"|"m"|"l"|"xl"} [size] @returns {HTMLElement} */
export function avatar(who, size = "m") {
  const tone = Math.abs(who.id) % 6;
  const face = el("span", {
    class: `avatar is-${size}${who.bot ? " is-bot" : ` tone-${tone}`}`,
    "aria-hidden": "true",
  });
  if (who.bot) face.append(icon("gate", size === "xl" ? 44 : size === "l" ? 30 : size === "s" ? 17 : 24));
  else face.append(initials(who.name));
  return face;
}

/** @param {string} bot who processes a group's join requests @returns {HTMLElement} the mark beside the group's name */
export const guardMark = (bot) =>
  el(
    "span",
    { class: "guard-mark", title: `${bot} processes join requests` },
    icon("shield", 15),
    el("span", { class: "visually-hidden", text: `, guarded by ${bot}` }),
  );
