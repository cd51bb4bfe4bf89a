/** A value as coloured, indented JSON. */

import { el } from "./dom.js";

/** @param {unknown} value @returns {Node} */
function scalar(value) {
  const kind = value === null ? "null" : typeof value;
  return el("span", { class: `json-${kind}`, text: JSON.stringify(value) ?? "null" });
}

/** @param {Node & ParentNode} out @param {unknown} value @param {string} indent */
function write(out, value, indent) {
  if (value === null || typeof value !== "object") return void out.append(scalar(value));
  const list = Array.isArray(value);
  const pairs = Object.entries(value);
  const [open, close] = list ? ["[", "]"] : ["{", "}"];
  if (!pairs.length) return void out.append(open + close);
  out.append(`${open}\n`);
  pairs.forEach(([key, item], index) => {
    out.append(`${indent}  `);
    if (!list) out.append(el("span", { class: "json-key", text: JSON.stringify(key) }), ": ");
    write(out, item, `${indent}  `);
    out.append(index < pairs.length - 1 ? ",\n" : "\n");
  });
  return void out.append(indent + close);
}

/** @param {unknown} value @returns {HTMLElement} */
export function jsonTree(value) {
  const pre = el("pre", { class: "json", tabindex: "0" });
  write(pre, value, "");
  return pre;
}
