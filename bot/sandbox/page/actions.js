/** What a hand does with the buttons of a chat. Each function is one thing it would do on a real phone. */

import { act } from "./act.js";
import { dial, touchNumber } from "./calls.js";
import { copyText } from "./dom.js";
import { groupPhone } from "./format.js";
import { actionSheet, alertDialog, confirmDialog, toast } from "./layers.js";
import { openUrl } from "./links.js";
import { openMiniApp } from "./miniapp.js";
import { goTo, page, redraw } from "./store.js";
import { t } from "./words.js";

/** @typedef {import("./types.js").Chat} Chat */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").InlineButton} InlineButton */

/** Buttons whose query waits for an answer: `message:row:column`. @type {Set<string>} */
export const waiting = new Set();

/** Asks first, as Telegram does. @param {Chat} chat @returns {Promise<boolean>} whether it was shared */
export async function shareContact(chat) {
  const phone = page.state ? groupPhone(page.state.me.phone) : "";
  const yes = await confirmDialog({
    title: t("Share your phone number?"),
    text: page.state?.me.language === "ru" ? `${chat.title} увидит ${phone}.` : `${chat.title} will see ${phone}.`,
    yes: t("Share"),
    no: t("Cancel"),
    testid: "share-dialog",
    yesTestid: "confirm-share",
  });
  if (yes) await act({ do: "share_contact", chat: chat.id });
  return yes;
}

/** Lets one person be chosen, as Telegram's own list does. @param {Chat} chat */
export function pickUser(chat) {
  actionSheet(
    "Choose a person",
    (page.state?.people ?? []).map((person) => ({
      text: person.name,
      hint: person.id === page.as ? "You" : groupPhone(person.phone),
      icon: "person",
      testid: `pick-${person.id}`,
      run: () => void act({ do: "pick_user", chat: chat.id, person: person.id }),
    })),
  );
}

/** What the paper clip offers in the private chat. @param {Chat} chat @param {() => void} chooseFile */
export function attach(chat, chooseFile) {
  const people = [...(page.state?.people ?? [])].sort(
    (a, b) => Number(b.id === page.as) - Number(a.id === page.as),
  );
  actionSheet("Attach", [
    { text: "A file…", hint: "Up to 512 KB", icon: "file", testid: "attach-file", run: chooseFile },
    ...people.map((person) => ({
      text: person.id === page.as ? "My own contact" : `Contact of ${person.name}`,
      hint: groupPhone(person.phone),
      icon: "person",
      run: () => void act({ do: "share_contact_of", chat: chat.id, person: person.id }),
    })),
  ]);
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

/** @param {Chat} chat what its "…" offers to this person */
export function chatMenu(chat) {
  const run = (/** @type {string} */ what) => () => void act({ do: what, chat: chat.id });
  if (chat.type === "private") {
    return actionSheet(chat.title, [
      { text: "Dial a number", icon: "phone", run: () => dial() },
      { text: "Block the bot", icon: "block", danger: true, testid: "block-bot", run: run("block_bot") },
    ]);
  }
  return actionSheet(chat.title, [
    { text: "Withdraw the request", icon: "close", danger: true, testid: "withdraw", run: run("withdraw") },
  ]);
}

/** @param {Chat} chat @returns {boolean} whether the menu would hold anything */
export const hasMenu = (chat) => chat.type === "private" || chat.my_state === "requested";
