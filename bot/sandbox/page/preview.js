/** The card of a group or channel one is not in. */

import { act } from "./act.js";
import { avatar } from "./avatar.js";
import { el, show } from "./dom.js";
import { plural } from "./format.js";
import { icon } from "./icons.js";
import { page } from "./store.js";
import { t } from "./words.js";

/** @typedef {import("./types.js").Chat} Chat */

/** @param {Chat} chat @returns {string} what it is, and how large */
export function subtitle(chat) {
  if (chat.type === "private") return "bot";
  const kind = chat.type === "channel" ? "channel" : chat.type === "group" ? "basic group" : "group";
  return chat.members
    ? `${kind}, ${plural(chat.members, chat.type === "channel" ? "subscriber" : "member")}`
    : kind;
}

/** @param {Chat} chat @returns {{rule: [string, string], button: string, note: string, open: boolean}} how one gets in */
function way(chat) {
  const kind = chat.type === "channel" ? "channel" : "group";
  const bot = page.state?.bot.name ?? "the bot";
  /** @type {[string, string]} */
  const rule = chat.guarded
    ? ["shield", `${bot} processes join requests.`]
    : chat.approves
      ? ["lock", t("New members need approval.")]
      : ["people", t("Anybody can join.")];
  if (chat.my_state === "banned")
    return {
      rule: ["block", t(`You were removed from this ${kind}.`)],
      button: t("You cannot join"),
      note: t("An administrator can let you come back."),
      open: false,
    };
  if (chat.my_state === "requested")
    return {
      rule,
      button: t("Request sent"),
      note: t("You are let in as soon as it is approved. Look into your other chats."),
      open: false,
    };
  if (!chat.approves && !chat.guarded)
    return { rule, button: t(`Join ${kind}`), note: t("You are in at once."), open: true };
  return {
    rule,
    button: t("Request to join"),
    note: chat.guarded
      ? t("A bot looks at your request at once.")
      : t("An administrator, or a bot, looks at your request."),
    open: true,
  };
}

/** @param {HTMLElement} host @param {Chat} chat */
export function drawPreview(host, chat) {
  const { rule, button, note, open } = way(chat);
  show(host, [chat.title, chat.about, chat.members, chat.my_state, rule, button], () => [
    el(
      "div",
      { class: "preview-card" },
      avatar({ id: chat.id, name: chat.title }, "xl"),
      el("h3", { class: "preview-title", dir: "auto", text: chat.title }),
      el("p", { class: "preview-sub", text: subtitle(chat) }),
      chat.about && el("p", { class: "preview-about", dir: "auto", text: chat.about }),
      el("p", { class: "preview-rule" }, icon(rule[0], 16), el("span", { text: rule[1] })),
    ),
    el(
      "div",
      { class: "preview-foot" },
      el(
        "button",
        {
          class: `primary is-wide${open ? "" : " is-done"}`,
          testid: "join-button",
          "aria-disabled": !open,
          on: { click: () => open && void act({ do: "join", chat: chat.id }) },
        },
        chat.my_state === "requested" && icon("check", 19),
        button,
      ),
      el("p", { class: "preview-note", text: note }),
    ),
  ]);
}
