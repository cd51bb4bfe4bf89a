/** A chat on the phone's screen: head, preview or messages, foot. */

import { act, chatMenu, hasMenu, openMention, openUrl, say, touchNumber } from "./actions.js";
import { avatar, guardMark } from "./avatar.js";
import { composer } from "./composer.js";
import { byId, calm, el, show } from "./dom.js";
import { plural } from "./format.js";
import { icon } from "./icons.js";
import { messageList } from "./messages.js";
import { goTo, hasPanes, isDesktop, isOutside, openChat, page } from "./store.js";

/** @typedef {import("./types.js").Chat} Chat */

/** @type {{key: string, chat: number, head: HTMLElement, guard: HTMLElement, preview: HTMLElement,
 *   messages: ReturnType<typeof messageList>, foot: ReturnType<typeof composer>}|null} */
let view = null;

/** @param {Chat} chat @returns {string} */
function subtitle(chat) {
  if (chat.type === "private") return "bot";
  const kind = chat.type === "channel" ? "channel" : "group";
  return chat.members
    ? `${kind}, ${plural(chat.members, chat.type === "channel" ? "subscriber" : "member")}`
    : kind;
}

const botName = () => page.state?.bot.name ?? "the bot";

/** @param {Chat} chat */
function drawHead(chat) {
  if (!view) return;
  show(view.head, [chat.title, subtitle(chat), hasMenu(chat), chat.my_state, chat.guarded], () => [
    el(
      "button",
      {
        class: "icon-button",
        "aria-label": "Back to chats",
        testid: "back",
        on: { click: () => goTo(null) },
      },
      icon("back", 22),
    ),
    avatar({ id: chat.id, name: chat.title, bot: chat.type === "private" }, "m"),
    el(
      "div",
      { class: "bar-words" },
      el(
        "h2",
        { class: "bar-name", dir: "auto" },
        el("span", { text: chat.title }),
        chat.guarded && guardMark(botName()),
      ),
      el("p", { class: "bar-sub", text: subtitle(chat) }),
    ),
    hasMenu(chat) &&
      el(
        "button",
        {
          class: "icon-button",
          "aria-label": "More",
          testid: "chat-menu",
          on: { click: () => chatMenu(chat) },
        },
        icon("more", 22),
      ),
  ]);
}

/** The owner of a group chooses who looks at its join requests. @param {Chat} chat */
function drawGuard(chat) {
  if (!view) return;
  view.guard.hidden = chat.type === "private" || chat.my_state !== "admin" || page.state?.me.role !== "owner";
  show(view.guard, [chat.guarded, botName()], () => [
    el(
      "button",
      {
        class: "guard-toggle",
        role: "switch",
        "aria-checked": String(Boolean(chat.guarded)),
        testid: "guard-toggle",
        on: { click: () => void act({ do: "guard", chat: chat.id, on: !chat.guarded }) },
      },
      icon("shield", 18),
      el("span", { class: "guard-words" }, "Process join requests: ", el("bdi", { text: botName() })),
      el("span", { class: "switch" }),
    ),
  ]);
}

/** @param {Chat} chat the card of a group one is not in */
function drawPreview(chat) {
  if (!view) return;
  const asked = chat.my_state === "requested";
  show(view.preview, [chat.title, chat.about, chat.members, chat.my_state, chat.guarded], () => [
    el(
      "div",
      { class: "preview-card" },
      avatar({ id: chat.id, name: chat.title }, "xl"),
      el("h3", { class: "preview-title", dir: "auto", text: chat.title }),
      el("p", { class: "preview-sub", text: subtitle(chat) }),
      chat.about && el("p", { class: "preview-about", dir: "auto", text: chat.about }),
      chat.guarded
        ? el(
            "p",
            { class: "preview-rule" },
            icon("shield", 16),
            el("span", {}, el("bdi", { text: botName() }), " processes join requests."),
          )
        : el("p", { class: "preview-rule" }, icon("lock", 16), "New members need approval."),
    ),
    el(
      "div",
      { class: "preview-foot" },
      el(
        "button",
        {
          class: `primary is-wide${asked ? " is-done" : ""}`,
          testid: "join-button",
          "aria-disabled": asked,
          on: { click: () => !asked && void act({ do: "join", chat: chat.id }) },
        },
        asked && icon("check", 19),
        asked ? "Request sent" : "Request to join",
      ),
      el("p", {
        class: "preview-note",
        text: asked
          ? "You are let in as soon as it is approved. Look into your other chats."
          : chat.guarded
            ? "A bot looks at your request at once."
            : "An administrator, or a bot, looks at your request.",
      }),
    ),
  ]);
}

const reactions = {
  dial: touchNumber,
  calls: () => !isDesktop(),
  open: (/** @type {string} */ url) => openUrl(url),
  say: (/** @type {string} */ text) => {
    const chat = openChat();
    if (chat) void say(chat, text);
  },
  mention: (/** @type {string} */ name) => void openMention(name),
};

/** @param {Chat} chat @param {string} key */
function build(chat, key) {
  const host = byId("chat-view");
  const head = el("header", { class: "bar is-chat" });
  const guard = el("div", { class: "guard" });
  const preview = el("div", { class: "preview" });
  const blank = el(
    "div",
    { class: "blank" },
    el(
      "div",
      { class: "blank-card" },
      avatar({ id: chat.id, name: chat.title, bot: true }, "l"),
      el("strong", { text: "What can this bot do?" }),
      el("p", { text: chat.about || "Press START to find out." }),
    ),
  );
  const messages = messageList(blank, reactions);
  const foot = composer(chat);
  host.replaceChildren(head, guard, preview, messages.scroll, messages.jump, foot.node);
  view = { key, chat: chat.id, head, guard, preview, messages, foot };
  host.classList.toggle("is-group", chat.type !== "private");
}

export function drawChat() {
  const chat = openChat();
  const host = byId("chat-view");
  const list = byId("list-view");
  const wasOpen = host.classList.contains("is-open");
  const held = document.activeElement;
  const fromList = held !== null && list.contains(held);
  const fromChat = held !== null && host.contains(held);
  host.classList.toggle("is-open", Boolean(chat));
  list.inert = Boolean(chat) && !hasPanes();
  host.inert = !chat;
  if (!chat) {
    if (wasOpen && fromChat && view)
      list.querySelector(`[data-testid="chat-item-${view.chat}"]`)?.focus({ preventScroll: true });
    if (wasOpen)
      setTimeout(
        () => {
          if (!openChat()) host.hidden = true;
        },
        calm() ? 0 : 260,
      );
    return;
  }
  host.hidden = false;
  const key = `${page.as}:${chat.id}:${isDesktop()}`;
  if (view?.key !== key) build(chat, key);
  if (!view) return;
  const outside = isOutside(chat);
  drawHead(chat);
  drawGuard(chat);
  view.preview.hidden = !outside;
  view.messages.scroll.hidden = outside;
  view.foot.node.hidden = outside;
  host.classList.toggle("is-blank", !chat.messages.length && chat.type === "private");
  if (outside) {
    drawPreview(chat);
    view.messages.clear();
  } else {
    view.messages.draw(chat);
    view.foot.update(chat);
  }
  if (!wasOpen && fromList) landFocus(host);
}

/** The focus follows into the chat: to what is done next, but without raising a touch keyboard.
 * @param {HTMLElement} host */
function landFocus(host) {
  const wanted = matchMedia("(pointer: fine)").matches
    ? "[data-testid=join-button], [data-testid=start-button], [data-testid=input]"
    : "[data-testid=back]";
  const target = [...host.querySelectorAll(wanted)].find(
    (node) => node instanceof HTMLElement && node.offsetParent !== null,
  );
  /** @type {HTMLElement|undefined} */ (target ?? undefined)?.focus({ preventScroll: true });
}
