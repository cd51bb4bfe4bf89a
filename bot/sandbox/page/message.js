/** One message: a bubble with its text, card and buttons, or a service line. */

import { press, waiting } from "./actions.js";
import { avatar } from "./avatar.js";
import { clockTime } from "./clock.js";
import { el } from "./dom.js";
import { richText } from "./entities.js";
import { groupPhone } from "./format.js";
import { icon } from "./icons.js";
import { photo } from "./photo.js";

/** @typedef {import("./types.js").Chat} Chat */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./entities.js").Reactions} Reactions */

/** @param {Message} message @returns {string} changes when the message must be drawn again */
export const look = (message) =>
  JSON.stringify([message, [...waiting].filter((key) => key.startsWith(`${message.id}:`))]);

/** @param {Message} message @returns {string} one line about it */
export const summary = (message) =>
  (message.contact ? "Contact" : message.text || (message.photo ? "Photo" : "")).replace(/\s+/g, " ").slice(0, 160);

/** @param {import("./types.js").Contact} contact @param {Reactions} reactions */
function card(contact, reactions) {
  const phone = contact.phone_number ?? contact.phone ?? "";
  const name = contact.first_name ?? contact.name ?? "Contact";
  return el(
    "div",
    { class: "contact" },
    avatar({ id: phone.length + name.length, name }, "m"),
    el(
      "div",
      { class: "contact-words" },
      el("strong", { dir: "auto", text: name }),
      el("button", {
        class: "link is-phone",
        text: groupPhone(phone),
        on: { click: () => reactions.dial(phone) },
      }),
    ),
  );
}

/** @type {Record<string, string>} the mark in a button's corner */
const MARKS = { url: "external", copy: "copy", web_app: "app" };

/** @param {Chat} chat @param {Message} message */
function keyboard(chat, message) {
  const rows = (message.inline_keyboard ?? []).map((row, y) =>
    el(
      "div",
      { class: "keys-row" },
      ...row.map((button, x) => {
        const place = `${y}:${x}`;
        const busy = waiting.has(`${message.id}:${place}`);
        return el(
          "button",
          {
            class: `key${busy ? " is-waiting" : ""}`,
            testid: "inline-button",
            "aria-busy": busy,
            data: { text: button.text, kind: button.kind, key: `${message.id}:${place}` },
            on: { click: () => void press(chat, message, button, place) },
          },
          el("span", { dir: "auto", text: button.text }),
          MARKS[button.kind] && icon(MARKS[button.kind], 12),
        );
      }),
    ),
  );
  return rows.length ? el("div", { class: "keys" }, ...rows) : null;
}

/**
 * @param {Chat} chat @param {Message} message @param {string} language @param {Reactions} reactions
 * @returns {HTMLElement[]} what goes inside the message's list item
 */
export function messageBody(chat, message, language, reactions) {
  if (message.service) {
    return [el("p", { class: "service", dir: "auto", text: message.text ?? "" })];
  }
  const group = chat.type !== "private";
  const bot = Boolean(message.from?.is_bot);
  const name = message.from?.name ?? chat.title;
  const text =
    message.text &&
    el(
      "div",
      { class: "bubble-text", dir: "auto" },
      richText(message.text, message.entities ?? [], `${chat.id}:${message.id}`, language, reactions),
    );
  const bubble = el(
    "div",
    { class: "bubble" },
    el("span", { class: "visually-hidden", text: message.mine ? "You:" : `${name}:` }),
    group &&
      !message.mine &&
      el("div", { class: "bubble-name", "aria-hidden": "true", dir: "auto", text: name }),
    message.forwarded && el("div", { class: "bubble-note", text: "Forwarded" }),
    message.contact && card(message.contact, reactions),
    message.photo && photo(message.photo, message.text),
    text,
    el(
      "div",
      { class: "bubble-foot" },
      message.edited && el("span", { text: "edited" }),
      el("time", { text: clockTime(message.date), datetime: new Date(message.date * 1000).toISOString() }),
      message.mine && icon("check", 13),
    ),
  );
  const face = group && !message.mine ? avatar({ id: message.from?.id ?? 0, name, bot }, "s") : null;
  return [face, el("div", { class: "bubble-column" }, bubble, keyboard(chat, message))].filter(
    (node) => node !== null,
  );
}
