/** One message: a bubble with its text, card and buttons, or a service line. */

import { press, waiting } from "./actions.js";
import { avatar } from "./avatar.js";
import { clockTime } from "./clock.js";
import { el } from "./dom.js";
import { richText } from "./entities.js";
import { fileSize, groupPhone } from "./format.js";
import { icon } from "./icons.js";
import { photo } from "./photo.js";
import { page } from "./store.js";

/** @typedef {import("./types.js").Chat} Chat */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./entities.js").Reactions & {reply: (message: Message) => void}} Reactions */

/** @param {Chat} chat @param {Message} message @returns {string} changes when the message must be drawn again */
export const look = (chat, message) =>
  JSON.stringify([
    message,
    chat.can_write,
    [...waiting].filter((key) => key.startsWith(`${message.id}:`)),
  ]);

/** @param {Message} message @returns {string} one line about it */
export const summary = (message) =>
  (message.contact ? "Contact" : message.text || message.document?.name || (message.photo ? "Photo" : ""))
    .replace(/\s+/g, " ")
    .slice(0, 160);

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

/** @param {import("./types.js").FileCard} file @returns {HTMLElement} keeps it on this machine when touched */
const fileCard = (file) =>
  el(
    "a",
    {
      class: "file",
      testid: "document",
      href: `/sandbox/file/${encodeURIComponent(file.id)}`,
      download: file.name,
      "aria-label": `Download ${file.name}, ${fileSize(file.size)}`,
    },
    el("span", { class: "file-mark" }, icon("download", 20)),
    el(
      "span",
      { class: "file-words" },
      el("strong", { dir: "auto", text: file.name }),
      el("small", { text: fileSize(file.size) }),
    ),
  );

/** @param {{name: string, text: string}} quoted */
const quote = (quoted) =>
  el(
    "div",
    { class: "quote" },
    el("strong", { dir: "auto", text: quoted.name }),
    el("span", { dir: "auto", text: quoted.text.replace(/\s+/g, " ") }),
  );

/** Who sees a message that not everybody sees. @param {"received"|"sent"} alone */
const aloneNote = (alone) =>
  el(
    "div",
    { class: "alone-note", testid: "alone" },
    icon("eye", 14),
    alone === "received" ? "Only you see this" : `Only you and ${page.state?.bot.name ?? "the bot"} see this`,
  );

/** @param {import("./types.js").Sender|null} from @param {string} name */
const nameLine = (from, name) =>
  el(
    "div",
    { class: "bubble-name", "aria-hidden": "true" },
    el("span", { dir: "auto", text: name }),
    (from?.tag || from?.standing) &&
      el("small", { class: from.tag ? "member-tag" : "", dir: "auto", text: from.tag || from.standing }),
  );

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
  const tag = message.from?.tag ? ` (${message.from.tag})` : "";
  const text =
    message.text &&
    el(
      "div",
      { class: "bubble-text", dir: "auto" },
      richText(message.text, message.entities ?? [], `${chat.id}:${message.id}`, language, reactions),
    );
  const bubble = el(
    "div",
    { class: `bubble${message.alone ? " is-alone" : ""}` },
    el("span", { class: "visually-hidden", text: message.mine ? "You:" : `${name}${tag}:` }),
    group && !message.mine && nameLine(message.from, name),
    message.alone && aloneNote(message.alone),
    message.forwarded && el("div", { class: "bubble-note", text: "Forwarded" }),
    message.reply_to && quote(message.reply_to),
    message.contact && card(message.contact, reactions),
    message.document && fileCard(message.document),
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
  const reply =
    group && chat.can_write && !message.alone
      ? el(
          "button",
          {
            class: "reply-button",
            "aria-label": `Reply to ${message.mine ? "yourself" : name}`,
            title: "Reply",
            testid: "reply",
            data: { key: `reply-${message.id}` },
            on: { click: () => reactions.reply(message) },
          },
          icon("reply", 17),
        )
      : null;
  const column = el("div", { class: "bubble-column" }, bubble, keyboard(chat, message));
  return [face, message.mine ? reply : null, column, message.mine ? null : reply].filter(
    (node) => node !== null,
  );
}
