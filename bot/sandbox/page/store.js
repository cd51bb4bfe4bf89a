/** What the page knows: the server's state as one person sees it, and where the person is looking. */

import { setClock } from "./clock.js";
import { fetchState } from "./api.js";

/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").Chat} Chat */
/** @typedef {import("./types.js").Message} Message */

/** `info`: the group whose sheet stands open.
 * @type {{state: State|null, as: number|null, chat: number|null, info: number|null, online: boolean}} */
export const page = { state: null, as: null, chat: null, info: null, online: true };

/** @type {(() => void)[]} */
const watchers = [];
/** @type {((chat: Chat, message: Message) => void)[]} */
const arrivals = [];
/** The newest message each person has looked at, by `person:chat`. @type {Map<string, number>} */
const read = new Map();
/** The newest message known, so that what arrives is noticed once. @type {Map<string, number>} */
const known = new Map();
/** Chats a person could look into at the last fetch: what was there before is no news. @type {Set<string>} */
const inside = new Set();
/** The topic each person looks at, by `person:chat`. @type {Map<string, number|null>} */
const topics = new Map();
/** Where each person was. @type {Map<number, number|null>} */
const places = new Map();

/** @param {() => void} run called after every change */
export const watch = (run) => watchers.push(run);

/** @param {(chat: Chat, message: Message) => void} run called for a message that came to a chat out of sight */
export const onArrival = (run) => arrivals.push(run);

export const redraw = () => watchers.forEach((run) => run());

/** @returns {Chat|null} the chat on the screen */
export const openChat = () => page.state?.chats.find((chat) => chat.id === page.chat) ?? null;

/** @returns {Chat|undefined} the private chat with the bot */
export const botChat = () => page.state?.chats.find((chat) => chat.type === "private");

/** @param {Chat} chat @returns {boolean} whether it is a group or channel the person is not in */
export const isOutside = (chat) =>
  chat.type !== "private" && !["member", "admin"].includes(chat.my_state);

/** @returns {boolean} whether this person uses Telegram on a computer */
export const isDesktop = () => page.state?.me.device === "desktop";

const narrow = matchMedia("(max-width: 759px)");
narrow.addEventListener("change", () => redraw());

/** @returns {boolean} whether the chats stand beside the open one, as on a computer with room for both */
export const hasPanes = () => isDesktop() && !narrow.matches;

/** @param {Chat} chat */
const key = (chat) => `${page.as}:${chat.id}`;

/** @param {Chat} chat @returns {number} */
export function unread(chat) {
  const last = read.get(key(chat)) ?? 0;
  return chat.messages.filter((message) => !message.mine && message.order > last).length;
}

/** @param {Chat} chat @returns {number|null} the number of the topic on the screen; null is the general one, or none */
export function topicOf(chat) {
  const chosen = topics.get(key(chat)) ?? null;
  return chat.topics?.some((topic) => topic.id === chosen) ? chosen : null;
}

/** @param {Chat} chat @param {number|null} topic */
export function chooseTopic(chat, topic) {
  topics.set(key(chat), topic);
  redraw();
}

/** @param {Chat} chat @returns {Message[]} the messages of the topic on the screen */
export function shownMessages(chat) {
  const topic = topicOf(chat);
  return chat.topics ? chat.messages.filter((message) => message.topic === topic) : chat.messages;
}

/** @param {Chat} chat */
const newest = (chat) => chat.messages.reduce((top, message) => Math.max(top, message.order), 0);

/** Takes note of what is new since the last look. @param {State} state */
function notice(state) {
  for (const chat of state.chats) {
    const top = newest(chat);
    const outside = isOutside(chat);
    const before = inside.has(key(chat)) ? known.get(key(chat)) : undefined;
    if (outside) inside.delete(key(chat));
    else inside.add(key(chat));
    known.set(key(chat), Math.max(top, before ?? 0));
    if (before === undefined) {
      const waiting = chat.messages.filter((message) => !message.mine).slice(-chat.unread);
      read.set(key(chat), chat.unread && waiting.length ? waiting[0].order - 1 : top);
    }
    if (chat.id === page.chat) read.set(key(chat), top);
    else if (before !== undefined) {
      const fresh = chat.messages.filter(
        (message) => message.order > before && !message.mine && !message.service,
      );
      if (fresh.length) arrivals.forEach((run) => run(chat, fresh[fresh.length - 1]));
    }
  }
}

let toured = location.hash !== "";

/** A page opened without a place begins where the guide begins. @param {State} state */
function startTour(state) {
  if (toured || !state.tour) return;
  toured = true;
  if (state.me.id === state.tour.person && page.chat === null) page.chat = state.tour.group;
}

let asked = 0;
let running = false;
let again = false;

/** Fetches the state anew; calls that come while one is on its way are folded into one more. */
export async function refresh() {
  if (running) {
    again = true;
    return;
  }
  running = true;
  try {
    do {
      again = false;
      const turn = ++asked;
      const as = page.as;
      const state = await fetchState(as, page.info).catch(async (error) => {
        if (as === null) throw error;
        return fetchState(null); // the sandbox was started anew and does not know this person
      });
      if (turn !== asked || as !== page.as) continue;
      page.state = state;
      page.as = state.me.id;
      if (!page.online) [read, known, inside].forEach((memory) => memory.clear()); // perhaps another sandbox by now
      page.online = true;
      setClock(state.clock);
      notice(state);
      startTour(state);
    } while (again);
  } catch {
    page.online = false;
  } finally {
    running = false;
  }
  redraw();
}

/** @param {number|null} id of a chat, or null for the list */
export function goTo(id) {
  if (page.chat === id) return;
  page.chat = id;
  if (page.as !== null) places.set(page.as, id);
  writeAddress();
  const chat = openChat();
  if (chat) read.set(key(chat), newest(chat));
  redraw();
}

/** @param {number} id of a person: their phone is on the screen from now on */
export function become(id) {
  if (page.as === id) return;
  page.as = id;
  page.chat = places.get(id) ?? null;
  asked += 1;
  again = true;
  writeAddress();
  void refresh();
}

function writeAddress() {
  const hash = `#as=${page.as ?? ""}${page.chat === null ? "" : `&chat=${page.chat}`}`;
  if (location.hash !== hash) history.pushState(null, "", hash);
}

/** Follows the address, at the start and when the browser goes back. */
export function readAddress() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const as = Number(parts.get("as")) || null;
  const chat = Number(parts.get("chat")) || null;
  const other = as !== null && as !== page.as;
  if (other) page.as = as;
  page.chat = chat;
  if (page.as !== null) places.set(page.as, chat);
  if (other) void refresh();
  else redraw();
}
