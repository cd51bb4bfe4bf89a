/** A message's text with its entities, as nodes. */

import { dateTime } from "./clock.js";
import { copyText, el } from "./dom.js";
import { groupPhone } from "./format.js";
import { toast } from "./layers.js";

/** @typedef {import("./types.js").Entity} Entity */
/** @typedef {{dial: (number: string) => void, open: (url: string) => void, say: (text: string) => void,
 *   mention: (name: string) => void, calls: () => boolean}} Reactions what touching an entity does; `calls`:
 *   whether touching a number calls it */
/** @typedef {Entity & {children: Tree[], end: number}} Tree */

/** Spoilers already lifted, by message and place. @type {Set<string>} */
const lifted = new Set();

/** @param {Entity[]} entities @returns {Tree[]} nested as Telegram promises them: inside or apart, never across */
function nest(entities) {
  /** @type {Tree[]} */
  const roots = [];
  /** @type {Tree[]} */
  const open = [];
  const sorted = entities
    .map((entity, index) => ({ entity, index }))
    .sort(
      (a, b) => a.entity.offset - b.entity.offset || b.entity.length - a.entity.length || a.index - b.index,
    );
  for (const { entity } of sorted) {
    /** @type {Tree} */
    const node = { ...entity, children: [], end: entity.offset + entity.length };
    while (open.length && open[open.length - 1].end <= node.offset) open.pop();
    const parent = open[open.length - 1];
    if (parent) node.end = Math.min(node.end, parent.end);
    (parent ? parent.children : roots).push(node);
    open.push(node);
  }
  return roots;
}

/** @param {string} text @returns {HTMLElement} copies when touched */
function codeNode(text) {
  const copy = async () => {
    await copyText(text);
    toast("Copied", "good");
  };
  return el("code", {
    class: "code",
    role: "button",
    tabindex: "0",
    title: "Copy",
    on: { click: copy, keydown: (/** @type {KeyboardEvent} */ e) => e.key === "Enter" && copy() },
  });
}

/** @param {string} key */
function spoilerNode(key) {
  const node = el("span", { class: "spoiler" });
  if (lifted.has(key)) return node;
  const lift = (/** @type {Event} */ event) => {
    event.stopPropagation();
    lifted.add(key);
    node.classList.remove("is-veiled");
    for (const name of ["role", "tabindex", "aria-label"]) node.removeAttribute(name);
  };
  node.classList.add("is-veiled");
  node.setAttribute("role", "button");
  node.setAttribute("tabindex", "0");
  node.setAttribute("aria-label", "Hidden text. Show it");
  node.addEventListener("click", lift, { once: true });
  node.addEventListener(
    "keydown",
    (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && lift(event),
  );
  return node;
}

/** @param {Tree} entity @param {string} inner @param {string} language */
function dateNode(entity, inner, language) {
  const unix = entity.unix_time ?? 0;
  const format = entity.date_time_format ?? "";
  const live = format === "r";
  return el("time", {
    role: live ? "timer" : null,
    "aria-live": live ? "off" : null, // read when asked for, not each second
    class: live ? "countdown" : "date",
    datetime: new Date(unix * 1000).toISOString(),
    title: inner,
    text: format ? dateTime(unix, format, language) : inner,
    data: live ? { unix: String(unix), language } : {},
  });
}

/** @type {Record<string, string>} entities that only look different */
const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};

/**
 * @param {Tree} entity @param {string} inner @param {string} key @param {string} language @param {Reactions} reactions
 * @returns {HTMLElement}
 */
function node(entity, inner, key, language, reactions) {
  const link = (/** @type {() => void} */ run, /** @type {object} */ more = {}) =>
    el("button", { class: "link", on: { click: run }, ...more });
  switch (entity.type) {
    case "phone_number":
      return link(() => reactions.dial(inner), {
        class: "link is-phone",
        testid: "phone-number",
        "aria-label": reactions.calls() ? `${groupPhone(inner)}, call` : groupPhone(inner),
      });
    case "url":
      return link(() => reactions.open(/^[a-z]+:/i.test(inner) ? inner : `http://${inner}`));
    case "text_link":
      return link(() => reactions.open(entity.url ?? ""), { title: entity.url });
    case "bot_command":
      return link(() => reactions.say(inner));
    case "mention":
      return link(() => reactions.mention(inner));
    case "code":
      return codeNode(inner);
    case "pre":
      return el("pre", { class: "pre" });
    case "spoiler":
      return spoilerNode(`${key}:${entity.offset}`);
    case "date_time":
      return dateNode(entity, inner, language);
    default:
      return el(TAGS[entity.type] ?? "span");
  }
}

/**
 * @param {string} text @param {Entity[]} entities @param {string} key of the message @param {string} language
 * @param {Reactions} reactions @returns {DocumentFragment}
 */
export function richText(text, entities, key, language, reactions) {
  const fill = (
    /** @type {Node & ParentNode} */ parent,
    /** @type {number} */ from,
    /** @type {number} */ to,
    /** @type {Tree[]} */ trees,
  ) => {
    let at = from;
    for (const tree of trees) {
      if (tree.offset > at) parent.append(text.slice(at, tree.offset));
      const child = node(tree, text.slice(tree.offset, tree.end), key, language, reactions);
      if (tree.type !== "date_time") fill(child, tree.offset, tree.end, tree.children);
      parent.append(child);
      at = tree.end;
    }
    if (at < to) parent.append(text.slice(at, to));
  };
  const whole = document.createDocumentFragment();
  fill(whole, 0, text.length, nest(entities));
  return whole;
}
