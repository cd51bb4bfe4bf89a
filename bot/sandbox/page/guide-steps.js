/** What the person on the screen taps next on the way into the tour's group. */

import { botChat, isDesktop, page } from "./store.js";

/** @typedef {{step: number, key: string, target: HTMLElement|null, values?: Record<string, string>}} Next
 * step: 1 to 3, and 4 once the person is in; target: what to tap, if it can be tapped now */

/** @param {string} testid @returns {HTMLElement|null} the newest of these on the phone, if it is to be seen and tapped */
function seen(testid) {
  const found = [...document.querySelectorAll(`#phone [data-testid="${testid}"]`)].filter(
    (node) => node.getClientRects().length && !node.closest("[inert], [hidden]"),
  );
  const last = found[found.length - 1];
  return last instanceof HTMLElement ? last : null;
}

/** @param {number} step @param {string} key @param {HTMLElement|null} target @param {Record<string, string>} [values] @returns {Next} */
const tap = (step, key, target, values = {}) => ({
  step,
  key,
  target,
  values: { button: (target?.innerText ?? "").split("\n")[0].trim(), ...values },
});

/** The group to enter: the one on the screen if it is one, else the tour's. */
function goal() {
  const chats = page.state?.chats ?? [];
  const open = chats.find((chat) => chat.id === page.chat && chat.type !== "private");
  return open ?? chats.find((chat) => chat.id === page.state?.tour?.group);
}

/** @returns {Next} */
export function next() {
  const state = page.state;
  const tour = state?.chats.find((chat) => chat.id === state.tour?.group);
  const group = tour?.my_state === "requested" ? tour : goal();
  const waits = { step: 1, key: "stuck", target: null };
  if (!state || !group) return waits;
  if (["owner", "operator"].includes(state.me.role)) return { step: 0, key: "others", target: null };
  if (seen("confirm-share")) return tap(2, "confirm", seen("confirm-share"));
  if (seen("app-contact-share")) return tap(2, "confirm", seen("app-contact-share"));
  if (seen("dial-call")) return tap(3, "call", seen("dial-call"));
  if (document.querySelector("#phone [data-testid=dialer]")) return { step: 3, key: "ring", target: null };
  if (seen("app")) return { step: 2, key: "app", target: null };
  if (["member", "admin"].includes(group.my_state)) return { step: 4, key: taps() ? "done" : "member", target: null };
  if (group.my_state === "none") {
    const button = seen("join-button");
    if (button) return tap(1, "join", button);
    return tap(1, "open", seen(`chat-item-${group.id}`) ?? seen("back"), { group: group.title });
  }
  if (group.my_state !== "requested") return waits;
  const bot = botChat();
  if (bot && page.chat !== bot.id) {
    const way = seen("banner") ?? seen(`chat-item-${bot.id}`) ?? (bot.messages.length ? seen("back") : null);
    return tap(2, "bot", way, { bot: state.bot.name });
  }
  if (seen("share-contact")) return tap(2, "share", seen("share-contact"));
  if (seen("phone-number")) return isDesktop() ? tap(3, "pick", pickUp()) : tap(3, "number", seen("phone-number"));
  return { step: 2, key: bot?.messages.some((message) => message.inline_keyboard?.length) ? "stuck" : "wait", target: null };
}

const pickUp = () => /** @type {HTMLElement|null} */ (document.querySelector("[data-testid=pick-up-phone]"));

/** Taps of each person on this page, until they are in. @type {Map<number, number>} */
const counts = new Map();

/** @returns {number} how often this person has tapped */
export const taps = () => counts.get(page.as ?? 0) ?? 0;

/** A tap on the phone. */
export function countTap() {
  const group = page.state?.chats.find((chat) => chat.id === page.state?.tour?.group);
  if (page.as !== null && group?.my_state !== "member") counts.set(page.as, taps() + 1);
}
