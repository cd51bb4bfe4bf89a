/** What the person on the screen does. Each function is one thing a hand would do on a real phone. */

import { postAct } from "./api.js";
import { openBrowser } from "./browser.js";
import { openDialer } from "./dialer.js";
import { copyText } from "./dom.js";
import { groupPhone, parseUrl } from "./format.js";
import { actionSheet, alertDialog, confirmDialog, toast } from "./layers.js";
import { openMiniApp } from "./miniapp.js";
import { botChat, goTo, isDesktop, page, redraw, refresh } from "./store.js";

/** @typedef {import("./types.js").Chat} Chat */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").InlineButton} InlineButton */
/** @typedef {import("./types.js").ActResult} ActResult */

/** Buttons whose query waits for an answer: `message:row:column`. @type {Set<string>} */
export const waiting = new Set();

/** @param {unknown} error @returns {string} its first line */
const errorLine = (error) => (error instanceof Error ? error.message : String(error)).split("\n")[0];

/** @param {Record<string, unknown>} body @returns {Promise<ActResult|null>} null when it was refused, which is then shown */
export async function act(body) {
  try {
    const result = await postAct({ as: page.as, ...body });
    void refresh();
    return result;
  } catch (error) {
    toast(errorLine(error), "bad");
    void refresh();
    return null;
  }
}

/** @param {Chat} chat @param {string} text */
export const say = (chat, text) => act({ do: "say", chat: chat.id, text });

/** Asks first, as Telegram does. @param {Chat} chat @returns {Promise<boolean>} whether it was shared */
export async function shareContact(chat) {
  const phone = page.state ? groupPhone(page.state.me.phone) : "";
  const yes = await confirmDialog({
    title: "Share your phone number?",
    text: `${chat.title} will see ${phone}.`,
    yes: "Share",
    no: "Cancel",
    testid: "share-dialog",
    yesTestid: "confirm-share",
  });
  if (yes) await act({ do: "share_contact", chat: chat.id });
  return yes;
}

/** @param {Chat} chat */
export function attachContact(chat) {
  const people = [...(page.state?.people ?? [])].sort(
    (a, b) => Number(b.id === page.as) - Number(a.id === page.as),
  );
  actionSheet(
    "Share a contact",
    people.map((person) => ({
      text: person.id === page.as ? "My own" : person.name,
      hint: groupPhone(person.phone),
      icon: "person",
      run: () => void act({ do: "share_contact_of", chat: chat.id, person: person.id }),
    })),
  );
}

/** @param {Chat} chat @param {Message} message @param {InlineButton} button @param {string} place row and column */
export async function press(chat, message, button, place) {
  if (button.kind === "copy") {
    await copyText(button.copy ?? "");
    toast("Copied to clipboard", "good");
  } else if (button.kind === "web_app") {
    const launch = await act({ do: "open_app", text: button.url });
    if (launch?.url) openApp(launch.url);
  } else if (button.kind === "url") {
    openUrl(button.url ?? "", message);
  } else {
    const key = `${message.id}:${place}`;
    if (waiting.has(key)) return;
    waiting.add(key);
    redraw();
    const result = await act({ do: "press", chat: chat.id, message: message.id, data: button.data });
    waiting.delete(key);
    redraw();
    const answer = result?.answer;
    if (!answer?.text) return;
    if (answer.show_alert) await alertDialog(answer.text);
    else toast(answer.text);
  }
}

/** @param {Message} [message] @returns {string|null} the phone number it shows, or the newest one in the bot's chat */
function numberIn(message) {
  const all = [...(botChat()?.messages ?? [])].reverse();
  for (const each of message ? [message, ...all] : all) {
    const entity = each.entities?.find((one) => one.type === "phone_number");
    if (entity) return each.text.slice(entity.offset, entity.offset + entity.length);
  }
  return null;
}

/** @param {string|null} [number] @param {Message} [message] where the number may be found */
export function dial(number = null, message = undefined) {
  openDialer(number ?? numberIn(message), (call) => act({ do: "dial", ...call }));
}

/** @param {string} number touched in a message or called from an app: only a phone takes it to its dialer */
export function touchNumber(number) {
  if (isDesktop()) toast("Telegram Desktop does not dial.");
  else dial(number);
}

/** @param {string} url as Telegram launches it @param {(away: boolean) => void} [closed] */
function openApp(url, closed = () => {}) {
  openMiniApp(url, {
    dial: touchNumber,
    open: openUrl,
    share: async () => (await act({ do: "share_contact_in_app" })) !== null,
    closed,
  });
}

/** Apps of guard joins that stand open or were closed, by query. @type {Set<string>} */
const met = new Set();

/** Telegram opens the app of a guard join by itself, and leads to the group when it is closed. */
export function followOffer() {
  const state = page.state;
  const offer = state?.app;
  if (!offer || state.me.id !== page.as || met.has(offer.query)) return;
  met.add(offer.query);
  openApp(offer.url, (away) => {
    if (away) return void met.delete(offer.query);
    goTo(offer.group);
    void act({ do: "close_app" });
  });
}

/** @param {string} name with or without @ @returns {boolean} whether a chat of that name was opened */
export function openMention(name) {
  const wanted = name.replace(/^@/, "").toLowerCase();
  const found = page.state?.chats.find((chat) => chat.username?.toLowerCase() === wanted);
  const bot = page.state?.bot.username?.toLowerCase() === wanted ? botChat() : undefined;
  const chat = found ?? bot;
  if (chat) goTo(chat.id);
  else toast(`There is no @${wanted} in this sandbox.`);
  return Boolean(chat);
}

/** @param {URL} url @returns {boolean} whether it led to a chat of the sandbox */
function openInside(url) {
  const path = url.pathname.split("/").filter(Boolean);
  const chats = page.state?.chats ?? [];
  if (url.protocol === "tg:") {
    const name = url.searchParams.get("domain");
    return name !== null && openMention(name);
  }
  if (!/^(www\.)?(t|telegram)\.me$/.test(url.hostname) || !path.length) return false;
  const chat =
    path[0] === "c"
      ? chats.find((one) => String(one.id) === `-100${path[1]}`)
      : chats.find((one) => one.username?.toLowerCase() === path[0].toLowerCase());
  if (chat) goTo(chat.id);
  else if (/^[a-z]\w{3,}$/i.test(path[0]) && path[0] !== "joinchat") return openMention(path[0]);
  else if (/^\+|^joinchat$/.test(path[0])) {
    const group = chats.find((one) => one.type !== "private");
    if (group) goTo(group.id);
    return Boolean(group);
  }
  return Boolean(chat);
}

/** @param {string} address @param {Message} [message] whose button it was */
export function openUrl(address, message) {
  const url = parseUrl(address);
  if (!url) return void toast("This is not a link.", "bad");
  if (url.protocol === "tel:") return touchNumber(decodeURIComponent(url.pathname));
  if (openInside(url)) return;
  if (!/^https?:$/.test(url.protocol))
    return void toast("This link has nowhere to go in the sandbox.", "bad");
  if (/^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname)) {
    return openBrowser(url, { dial: isDesktop() ? null : () => dial(null, message) });
  }
  actionSheet(
    "This link leads outside the sandbox",
    [
      {
        text: "Open in a new tab",
        icon: "external",
        run: () => void window.open(url.href, "_blank", "noopener,noreferrer"),
      },
      {
        text: "Copy the link",
        icon: "copy",
        run: async () => {
          await copyText(url.href);
          toast("Copied to clipboard", "good");
        },
      },
    ],
    url.href,
  );
}

/** @param {Chat} chat what its "…" offers to this person */
export function chatMenu(chat) {
  const run = (/** @type {string} */ what) => () => void act({ do: what, chat: chat.id });
  if (chat.type === "private") {
    return actionSheet(chat.title, [
      { text: "Share a contact…", icon: "attach", run: () => attachContact(chat) },
      { text: "Dial a number", icon: "phone", run: () => dial() },
      { text: "Block the bot", icon: "block", danger: true, testid: "block-bot", run: run("block_bot") },
    ]);
  }
  if (chat.my_state === "requested") {
    return actionSheet(chat.title, [
      { text: "Withdraw the request", icon: "close", danger: true, testid: "withdraw", run: run("withdraw") },
    ]);
  }
  const name = page.state?.bot.name ?? "the bot";
  return actionSheet(
    chat.title,
    [
      {
        text: `Make ${name} an administrator`,
        hint: "With the right to let members in",
        icon: "shield",
        testid: "make-admin",
        run: run("make_admin"),
      },
      {
        text: `Take ${name}’s right to let members in`,
        hint: "It stays an administrator",
        icon: "lock",
        testid: "take-rights",
        run: run("take_rights"),
      },
      {
        text: `Remove ${name} from the chat`,
        icon: "block",
        danger: true,
        testid: "remove-bot",
        run: run("remove_bot"),
      },
    ],
    "What the owner of a chat can do",
  );
}

/** @param {Chat} chat @returns {boolean} whether the menu would hold anything */
export const hasMenu = (chat) =>
  chat.type === "private" ||
  chat.my_state === "requested" ||
  (chat.my_state === "admin" && page.state?.me.role === "owner");
