/** The rows a sheet is made of: switches, things to do, people. */

import { avatar } from "./avatar.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";

/**
 * @param {{icon: string, text: string, hint?: string, on: boolean, testid: string, run: () => void}} row
 * @returns {HTMLElement} a switch
 */
export const switchRow = (row) =>
  el(
    "button",
    {
      class: "row",
      role: "switch",
      "aria-checked": String(row.on),
      "aria-label": row.text,
      testid: row.testid,
      on: { click: row.run },
    },
    icon(row.icon, 20),
    el(
      "span",
      { class: "row-words" },
      el("span", { text: row.text }),
      row.hint && el("small", { text: row.hint }),
    ),
    el("span", { class: "switch" }),
  );

/**
 * @param {{icon: string, text: string, hint?: string, danger?: boolean, testid: string, run: () => void}} row
 * @returns {HTMLElement} something to do
 */
export const deedRow = (row) =>
  el(
    "button",
    {
      class: `row is-action${row.danger ? " is-danger" : ""}`,
      testid: row.testid,
      on: { click: row.run },
    },
    icon(row.icon, 20),
    el(
      "span",
      { class: "row-words" },
      el("span", { text: row.text }),
      row.hint && el("small", { text: row.hint }),
    ),
  );

/**
 * @param {{id: number, name: string, bot?: boolean}} who
 * @param {{hint?: string|null, mark?: string|null, warn?: boolean, testid: string, run?: (() => void)|null, end?: (Node|null|false)[]}} row
 *   `mark`: a word at the end, which warns if it shall; without `run` it is not for touching; `end`: buttons
 * @returns {HTMLElement}
 */
export function personRow(who, row) {
  const content = [
    avatar(who, "s"),
    el(
      "span",
      { class: "row-words" },
      el("bdi", { text: who.name }),
      row.hint && el("small", { dir: "auto", text: row.hint }),
    ),
    row.mark && el("span", { class: `row-mark${row.warn ? " is-warn" : ""}`, text: row.mark }),
    ...(row.end ?? []),
  ];
  return row.run
    ? el("button", { class: "row", testid: row.testid, on: { click: row.run } }, ...content)
    : el("div", { class: "row is-still", testid: row.testid }, ...content);
}

/** @param {string} title @param {(Node|null|undefined|false)[]} rows @param {string} [note] under them @returns {HTMLElement} */
export const section = (title, rows, note) =>
  el(
    "section",
    { class: "rows-section" },
    title && el("h3", { class: "rows-title", text: title }),
    el("div", { class: "rows" }, ...rows),
    note && el("p", { class: "rows-note", text: note }),
  );
