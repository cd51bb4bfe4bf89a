/** A chat on the phone's screen: head, preview or messages, foot. */

import { say } from "./act.js";
import { chatMenu, hasMenu } from "./actions.js";
import { avatar, guardMark } from "./avatar.js";
import { touchNumber } from "./calls.js";
import { composer } from "./composer.js";
import { byId, calm, el, show } from "./dom.js";
import { icon } from "./icons.js";
import { openInfo } from "./info.js";
import { openMention, openUrl } from "./links.js";
import { messageList } from "./messages.js";
import { drawPreview, subtitle } from "./preview.js";
import { goTo, hasPanes, isDesktop, isOutside, openChat, page, topicOf } from "./store.js";
import { drawRequests, drawTopics } from "./topics.js";

/** @typedef {import("./types.js").Chat} Chat */

/** @type {{key: string, chat: number, topic: number|null, head: HTMLElement, requests: HTMLElement, topics: HTMLElement, preview: HTMLElement,
 *   messages: ReturnType<typeof messageList>, foot: ReturnType<typeof composer>}|null} */
let view = null;

const botName = () => page.state?.bot.name ?? "the bot";

/** @param {Chat} chat */
function drawHead(chat) {
  if (!view) return;
  const inside = chat.type !== "private" && !isOutside(chat);
  show(view.head, [chat.title, subtitle(chat), hasMenu(chat), inside, chat.guarded], () => [
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
      {
        class: `bar-words${inside ? " is-door" : ""}`,
        on: { click: () => inside && openInfo(openChat() ?? chat) },
      },
      el(
        "h2",
        { class: "bar-name", dir: "auto" },
        el("span", { text: chat.title }),
        chat.guarded && guardMark(botName()),
      ),
      el("p", { class: "bar-sub", text: subtitle(chat) }),
    ),
    inside &&
      el(
        "button",
        {
          class: "icon-button",
          "aria-label": `About this ${chat.type === "channel" ? "channel" : "group"}`,
          title: `About this ${chat.type === "channel" ? "channel" : "group"}`,
          testid: "chat-info",
          on: { click: () => openInfo(openChat() ?? chat) },
        },
        icon("info", 22),
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

const reactions = {
  dial: touchNumber,
  calls: () => !isDesktop(),
  open: (/** @type {string} */ url) => openUrl(url),
  say: (/** @type {string} */ text) => {
    const chat = openChat();
    if (chat) void say(chat, text);
  },
  mention: (/** @type {string} */ name) => void openMention(name),
  reply: (/** @type {import("./types.js").Message} */ message) => view?.foot.reply(message),
};

/** @param {Chat} chat @param {string} key */
function build(chat, key) {
  const host = byId("chat-view");
  const head = el("header", { class: "bar is-chat" });
  const requests = el("div", { class: "under-head" });
  const topics = el("div", { class: "under-head topics", role: "group", "aria-label": "Topics" });
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
  host.replaceChildren(head, requests, topics, preview, messages.scroll, messages.jump, foot.node);
  view = { key, chat: chat.id, topic: topicOf(chat), head, requests, topics, preview, messages, foot };
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
  drawRequests(view.requests, chat);
  drawTopics(view.topics, chat);
  view.preview.hidden = !outside;
  view.messages.scroll.hidden = outside;
  view.foot.node.hidden = outside;
  host.classList.toggle("is-blank", !chat.messages.length && chat.type === "private");
  if (outside) {
    drawPreview(view.preview, chat);
    view.messages.clear();
  } else {
    if (view.topic !== topicOf(chat)) view.messages.clear();
    view.topic = topicOf(chat);
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
