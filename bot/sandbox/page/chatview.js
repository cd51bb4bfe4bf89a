/** A chat on the phone's screen: head, preview or messages, foot. Messages are edited and deleted in place. */

import { act, chatMenu, dial, hasMenu, openMention, openUrl, say } from "./actions.js";
import { avatar } from "./avatar.js";
import { dayName, tickCountdowns } from "./clock.js";
import { composer } from "./composer.js";
import { byId, calm, el, show } from "./dom.js";
import { plural } from "./format.js";
import { icon } from "./icons.js";
import { look, messageBody } from "./message.js";
import { goTo, isOutside, openChat, page } from "./store.js";

/** @typedef {import("./types.js").Chat} Chat */
/** @typedef {import("./types.js").Message} Message */

/** @type {{key: string, chat: number, head: HTMLElement, preview: HTMLElement, scroll: HTMLElement, list: HTMLElement, jump: HTMLButtonElement,
 *   foot: ReturnType<typeof composer>, items: Map<number, {node: HTMLElement, look: string, said: string}>, days: Map<string, HTMLElement>, fresh: boolean}|null} */
let view = null;

/** @param {Chat} chat @returns {string} */
function subtitle(chat) {
  if (chat.type === "private") return "bot";
  const kind = chat.type === "channel" ? "channel" : "group";
  return chat.members ? `${kind}, ${plural(chat.members, chat.type === "channel" ? "subscriber" : "member")}` : kind;
}

/** @param {Chat} chat */
function drawHead(chat) {
  if (!view) return;
  show(view.head, [chat.title, subtitle(chat), hasMenu(chat), chat.my_state], () => [
    el("button", { class: "icon-button", "aria-label": "Back to chats", testid: "back", on: { click: () => goTo(null) } }, icon("back", 22)),
    avatar({ id: chat.id, name: chat.title, bot: chat.type === "private" }, "m"),
    el("div", { class: "bar-words" },
      el("h2", { class: "bar-name", dir: "auto", text: chat.title }),
      el("p", { class: "bar-sub", text: subtitle(chat) })),
    hasMenu(chat) && el("button", { class: "icon-button", "aria-label": "More", testid: "chat-menu", on: { click: () => chatMenu(chat) } }, icon("more", 22)),
  ]);
}

/** @param {Chat} chat the card of a group one is not in */
function drawPreview(chat) {
  if (!view) return;
  const asked = chat.my_state === "requested";
  show(view.preview, [chat.title, chat.about, chat.members, chat.my_state], () => [
    el("div", { class: "preview-card" },
      avatar({ id: chat.id, name: chat.title }, "xl"),
      el("h3", { class: "preview-title", dir: "auto", text: chat.title }),
      el("p", { class: "preview-sub", text: subtitle(chat) }),
      chat.about && el("p", { class: "preview-about", dir: "auto", text: chat.about }),
      el("p", { class: "preview-rule" }, icon("lock", 16), "New members need approval.")),
    el("div", { class: "preview-foot" },
      el("button", {
        class: `primary is-wide${asked ? " is-done" : ""}`, testid: "join-button", "aria-disabled": asked,
        on: { click: () => !asked && void act({ do: "join", chat: chat.id }) },
      }, asked && icon("check", 19), asked ? "Request sent" : "Request to join"),
      el("p", { class: "preview-note", text: asked ? "You are let in as soon as it is approved. Look into your other chats." : "An administrator, or a bot, looks at your request." })),
  ]);
}

const reactions = {
  dial: (/** @type {string} */ number) => dial(number),
  open: (/** @type {string} */ url) => openUrl(url),
  say: (/** @type {string} */ text) => {
    const chat = openChat();
    if (chat) void say(chat, text);
  },
  mention: (/** @type {string} */ name) => void openMention(name),
};

/** @param {HTMLElement} node folds away, then goes */
function leave(node) {
  node.inert = true;
  node.removeAttribute("data-testid");
  if (calm()) return node.remove();
  const height = node.offsetHeight;
  const fold = node.animate(
    [{ height: `${height}px`, opacity: 1, transform: "scale(1)" }, { height: `${height}px`, opacity: 0, transform: "scale(.94)", offset: 0.5 }, { height: "0px", opacity: 0, transform: "scale(.94)", marginTop: "0px" }],
    { duration: 320, easing: "cubic-bezier(.3,0,.2,1)" },
  );
  node.style.overflow = "hidden";
  fold.onfinish = () => node.remove();
  return undefined;
}

/** @param {Message|undefined} a @param {Message|undefined} b @returns {boolean} whether they stand as one group */
const together = (a, b) => Boolean(a && b && !a.service && !b.service && a.from?.id === b.from?.id && a.mine === b.mine
  && Math.abs(a.date - b.date) < 300 && dayName(a.date) === dayName(b.date));

/** @param {string} day @returns {HTMLElement} its line, the same one at each drawing */
function dayLine(day) {
  const days = /** @type {NonNullable<typeof view>} */ (view).days;
  const line = days.get(day) ?? el("li", { class: "day" }, el("span", { text: day }));
  days.set(day, line);
  return line;
}

/** Puts nodes in order, touching only what is out of place: a moved node would lose focus and restart its motion.
 * @param {HTMLElement} list @param {HTMLElement[]} wanted */
function arrange(list, wanted) {
  const keep = new Set(wanted);
  let cursor = list.firstElementChild;
  for (const node of wanted) {
    while (cursor && cursor !== node && !keep.has(/** @type {HTMLElement} */ (cursor))) cursor = cursor.nextElementSibling;
    if (cursor === node) cursor = cursor.nextElementSibling;
    else list.insertBefore(node, cursor);
  }
  for (const child of [...list.children]) if (child.className === "day" && !keep.has(/** @type {HTMLElement} */ (child))) child.remove();
}

/** @param {Chat} chat */
function drawMessages(chat) {
  if (!view || !page.state) return;
  const { scroll, list, items } = view;
  const near = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 90;
  const present = new Set(chat.messages.map((message) => message.id));
  for (const [id, item] of items) {
    if (present.has(id)) continue;
    items.delete(id);
    leave(item.node);
  }
  /** @type {HTMLElement[]} */
  const wanted = [];
  let mineCame = false;
  let came = false;
  let last = "";
  chat.messages.forEach((message, index) => {
    const day = dayName(message.date);
    if (day !== last) wanted.push(dayLine(day));
    last = day;
    const shape = look(message);
    let item = items.get(message.id);
    if (!item) {
      const node = el("li", { testid: "message", data: { messageId: String(message.id) } });
      node.append(...messageBody(chat, message, page.state?.me.language ?? "en", reactions));
      if (!view?.fresh) node.classList.add("is-entering");
      item = { node, look: shape, said: message.text };
      items.set(message.id, item);
      came = true;
      mineCame ||= message.mine;
    } else if (item.look !== shape) {
      const said = item.said !== message.text;
      const focused = document.activeElement instanceof HTMLElement && item.node.contains(document.activeElement) ? document.activeElement.dataset.key : null;
      item.node.replaceChildren(...messageBody(chat, message, page.state?.me.language ?? "en", reactions));
      if (focused) /** @type {HTMLElement|null} */ (item.node.querySelector(`[data-key="${focused}"]`))?.focus({ preventScroll: true });
      item.look = shape;
      item.said = message.text;
      if (said) item.node.querySelector(".bubble")?.classList.add("is-changed");
    }
    const classes = ["message", message.mine ? "is-mine" : "is-theirs"];
    if (message.service) classes.push("is-service");
    if (!together(chat.messages[index - 1], message)) classes.push("is-first");
    if (!together(message, chat.messages[index + 1])) classes.push("is-last");
    if (item.node.classList.contains("is-entering")) classes.push("is-entering");
    item.node.className = classes.join(" ");
    wanted.push(item.node);
  });
  arrange(list, wanted);
  tickCountdowns();
  if (view.fresh || near || mineCame) scroll.scrollTop = scroll.scrollHeight;
  else if (came) view.jump.hidden = false;
  view.fresh = false;
}

/** @param {Chat} chat @param {string} key */
function build(chat, key) {
  const host = byId("chat-view");
  const head = el("header", { class: "bar is-chat" });
  const preview = el("div", { class: "preview" });
  const list = el("ul", { class: "messages", "aria-label": "Messages", "aria-live": "polite", "aria-relevant": "additions" });
  const hint = el("div", { class: "blank" }, el("div", { class: "blank-card" },
    avatar({ id: chat.id, name: chat.title, bot: true }, "l"),
    el("strong", { text: "What can this bot do?" }), el("p", { text: chat.about || "Press START to find out." })));
  const scroll = el("div", { class: "scroll", tabindex: "-1" }, hint, list);
  const jump = el("button", { class: "jump", hidden: true, "aria-label": "To the newest message", on: { click: () => { scroll.scrollTo({ top: scroll.scrollHeight, behavior: calm() ? "auto" : "smooth" }); } } }, icon("down"));
  scroll.addEventListener("scroll", () => {
    if (scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60) jump.hidden = true;
  });
  new ResizeObserver(() => { // the keyboard sliding in must not hide the newest message
    if (jump.hidden) scroll.scrollTop = scroll.scrollHeight;
  }).observe(scroll);
  const foot = composer(chat);
  host.replaceChildren(head, preview, scroll, jump, foot.node);
  view = { key, chat: chat.id, head, preview, scroll, list, jump, foot, items: new Map(), days: new Map(), fresh: true };
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
  list.inert = Boolean(chat);
  host.inert = !chat;
  if (!chat) {
    if (wasOpen && fromChat && view) list.querySelector(`[data-testid="chat-item-${view.chat}"]`)?.focus({ preventScroll: true });
    if (wasOpen) setTimeout(() => { if (!openChat()) host.hidden = true; }, calm() ? 0 : 260);
    return;
  }
  host.hidden = false;
  const key = `${page.as}:${chat.id}`;
  if (view?.key !== key) build(chat, key);
  if (!view) return;
  const outside = isOutside(chat);
  drawHead(chat);
  view.preview.hidden = !outside;
  view.scroll.hidden = outside;
  view.foot.node.hidden = outside;
  host.classList.toggle("is-blank", !chat.messages.length && chat.type === "private");
  if (outside) {
    drawPreview(chat);
    view.items.clear();
    view.list.replaceChildren();
  } else {
    drawMessages(chat);
    view.foot.update(chat);
  }
  if (!wasOpen && fromList) landFocus(host);
}

/** The focus follows into the chat: to what is done next, but without raising a touch keyboard.
 * @param {HTMLElement} host */
function landFocus(host) {
  const wanted = matchMedia("(pointer: fine)").matches
    ? "[data-testid=join-button], [data-testid=start-button], [data-testid=input]" : "[data-testid=back]";
  const target = [...host.querySelectorAll(wanted)].find((node) => node instanceof HTMLElement && node.offsetParent !== null);
  /** @type {HTMLElement|undefined} */ (target ?? undefined)?.focus({ preventScroll: true });
}
