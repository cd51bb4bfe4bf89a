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
