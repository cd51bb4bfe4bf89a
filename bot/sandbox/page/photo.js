/** The picture of a message. */

import { el } from "./dom.js";

/** @typedef {import("./types.js").Photo} Photo */

/** @param {Photo} photo @param {string} caption what the picture says too, for those who do not see it */
export const photo = ({ url, width, height }, caption) =>
  el("img", {
    class: "photo",
    testid: "photo",
    src: url,
    width: String(width),
    height: String(height),
    alt: caption || "Photo",
  });
