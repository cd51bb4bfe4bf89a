/** The messages of an open chat. They are edited and deleted in place: what stays keeps its node. */

import { dayName, tickCountdowns } from "./clock.js";
import { calm, el } from "./dom.js";
import { icon } from "./icons.js";
import { look, messageBody } from "./message.js";
import { page, shownMessages } from "./store.js";

/** @typedef {import("./types.js").Chat} Chat */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./message.js").Reactions} Reactions */
/** @typedef {{node: HTMLElement, look: string, said: string}} Item */

/** @param {HTMLElement} node folds away, then goes */
function leave(node) {
  node.inert = true;
  node.removeAttribute("data-testid");
  if (calm()) return node.remove();
  const height = node.offsetHeight;
  const fold = node.animate(
    [
      { height: `${height}px`, opacity: 1, transform: "scale(1)" },
      { height: `${height}px`, opacity: 0, transform: "scale(.94)", offset: 0.5 },
      { height: "0px", opacity: 0, transform: "scale(.94)", marginTop: "0px" },
    ],
    { duration: 320, easing: "cubic-bezier(.3,0,.2,1)" },
  );
  node.style.overflow = "hidden";
  fold.onfinish = () => node.remove();
  return undefined;
}

/** @param {Message|undefined} a @param {Message|undefined} b @returns {boolean} whether they stand as one group */
const together = (a, b) =>
  Boolean(
    a &&
    b &&
    !a.service &&
    !b.service &&
    a.from?.id === b.from?.id &&
    a.mine === b.mine &&
    a.alone === b.alone &&
    a.from?.tag === b.from?.tag &&
    Math.abs(a.date - b.date) < 300 &&
    dayName(a.date) === dayName(b.date),
  );

/** Puts nodes in order, touching only what is out of place: a moved node would lose focus and restart its motion.
 * @param {HTMLElement} list @param {HTMLElement[]} wanted */
function arrange(list, wanted) {
  const keep = new Set(wanted);
  let cursor = list.firstElementChild;
  for (const node of wanted) {
    while (cursor && cursor !== node && !keep.has(/** @type {HTMLElement} */ (cursor)))
      cursor = cursor.nextElementSibling;
    if (cursor === node) cursor = cursor.nextElementSibling;
    else list.insertBefore(node, cursor);
  }
  for (const child of [...list.children])
    if (child.className === "day" && !keep.has(/** @type {HTMLElement} */ (child))) child.remove();
}

/**
 * @param {HTMLElement} blank shown while there are no messages @param {Reactions} reactions
 * @returns {{scroll: HTMLElement, jump: HTMLElement, draw: (chat: Chat) => void, clear: () => void}}
 */
export function messageList(blank, reactions) {
  /** @type {Map<number, Item>} */
  const items = new Map();
  /** The line of each day, the same one at each drawing. @type {Map<string, HTMLElement>} */
  const days = new Map();
  let fresh = true;

  const list = el("ul", {
    class: "messages",
    "aria-label": "Messages",
    "aria-live": "polite",
    "aria-relevant": "additions",
  });
  const scroll = el("div", { class: "scroll", tabindex: "-1" }, blank, list);
  const toEnd = () => (scroll.scrollTop = scroll.scrollHeight);
  const fromEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight;
  const jump = el(
    "button",
    {
      class: "jump",
      hidden: true,
      "aria-label": "To the newest message",
      on: {
        click: () => scroll.scrollTo({ top: scroll.scrollHeight, behavior: calm() ? "auto" : "smooth" }),
      },
    },
    icon("down"),
  );
  scroll.addEventListener("scroll", () => {
    if (fromEnd() < 60) jump.hidden = true;
  });
  new ResizeObserver(() => {
    if (jump.hidden) toEnd(); // the keyboard sliding in must not hide the newest message
  }).observe(scroll);

  /** @param {string} day @returns {HTMLElement} */
  function dayLine(day) {
    const line = days.get(day) ?? el("li", { class: "day" }, el("span", { text: day }));
    days.set(day, line);
    return line;
  }

  /** @param {Chat} chat @param {Message} message @returns {Item} its node, drawn anew only if it looks different */
  function itemOf(chat, message) {
    const shape = look(chat, message);
    const language = page.state?.me.language ?? "en";
    const known = items.get(message.id);
    if (known?.look === shape) return known;
    const body = messageBody(chat, message, language, reactions);
    if (!known) {
      const node = el("li", { testid: "message", data: { messageId: String(message.id) } }, ...body);
      if (!fresh) node.classList.add("is-entering");
      const item = { node, look: shape, said: message.text };
      items.set(message.id, item);
      return item;
    }
    const held = document.activeElement;
    const key = held instanceof HTMLElement && known.node.contains(held) ? held.dataset.key : undefined;
    known.node.replaceChildren(...body);
    const again = [...known.node.querySelectorAll("[data-key]")].find(
      (node) => node instanceof HTMLElement && node.dataset.key === key,
    );
    if (key && again instanceof HTMLElement) again.focus({ preventScroll: true });
    if (known.said !== message.text) known.node.querySelector(".bubble")?.classList.add("is-changed");
    known.look = shape;
    known.said = message.text;
    return known;
  }

  /** @param {Chat} chat */
  function draw(chat) {
    const near = fromEnd() < 90;
    const messages = shownMessages(chat);
    const present = new Set(messages.map((message) => message.id));
    for (const [id, item] of items) {
      if (present.has(id)) continue;
      items.delete(id);
      leave(item.node);
    }
    const came = messages.filter((message) => !items.has(message.id));
    /** @type {HTMLElement[]} */
    const wanted = [];
    let last = "";
    messages.forEach((message, index) => {
      const day = dayName(message.date);
      if (day !== last) wanted.push(dayLine(day));
      last = day;
      const { node } = itemOf(chat, message);
      const is = (/** @type {string} */ name, /** @type {boolean} */ on) => node.classList.toggle(name, on);
      node.classList.add("message");
      is("is-mine", message.mine);
      is("is-theirs", !message.mine);
      is("is-service", message.service);
      is("is-first", !together(messages[index - 1], message));
      is("is-last", !together(message, messages[index + 1]));
      wanted.push(node);
    });
    arrange(list, wanted);
    tickCountdowns();
    if (fresh || near || came.some((message) => message.mine)) toEnd();
    else if (came.length) jump.hidden = false;
    fresh = false;
  }

  return {
    scroll,
    jump,
    draw,
    clear() {
      items.clear();
      list.replaceChildren();
      fresh = true;
    },
  };
}
