/** Where a link leads: to a chat of the sandbox, into a group, to the bot, to a page, or outside. */

import { act } from "./act.js";
import { openBrowser } from "./browser.js";
import { dial, touchNumber } from "./calls.js";
import { copyText } from "./dom.js";
import { parseUrl } from "./format.js";
import { actionSheet, closeLayers, toast } from "./layers.js";
import { botChat, goTo, isDesktop, page, refresh } from "./store.js";

/** @typedef {import("./types.js").Message} Message */

const TELEGRAM = /^(www\.)?(t|telegram)\.me$/;

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

/** @param {Record<string, unknown>} body an action that leads to a chat, which is then shown */
export async function lead(body) {
  const result = await act(body);
  if (!result?.chat) return;
  await refresh(); // so that it is not seen for a moment as it was before
  closeLayers();
  goTo(result.chat);
}

/**
 * The chats somebody may bring the bot to.
 * @param {string} url @param {"group" | "channel"} kind @param {boolean} asAdmin
 */
function chooseGroup(url, kind, asAdmin) {
  const bot = page.state?.bot.name ?? "the bot";
  const groups = (page.state?.chats ?? []).filter(
    (chat) =>
      chat.type !== "private" &&
      (chat.type === "channel") === (kind === "channel") &&
      (asAdmin ? chat.promotes : chat.invites),
  );
  if (!groups.length) return void toast(`You run no ${kind} to bring the bot to.`);
  return actionSheet(
    `Choose a ${kind} for ${bot}`,
    groups.map((chat) => ({
      text: chat.title,
      icon: "people",
      testid: `choose-${chat.id}`,
      run: () => void lead({ do: "open_deep_link", text: url, chat: chat.id }),
    })),
    asAdmin ? "The bot becomes an administrator there." : undefined,
  );
}

/** @param {URL} url @returns {boolean} whether it was one to the bot that says something */
function openDeepLink(url) {
  const asked = url.searchParams;
  const name = url.pathname.replace(/\//g, "").toLowerCase();
  if (name !== page.state?.bot.username.toLowerCase()) return false;
  if (asked.has("startgroup")) chooseGroup(url.href, "group", Boolean(asked.get("admin")));
  else if (asked.has("startchannel")) chooseGroup(url.href, "channel", Boolean(asked.get("admin")));
  else if (asked.get("start")) void lead({ do: "open_deep_link", text: url.href });
  else return false;
  return true;
}

/** @param {URL} url @returns {boolean} whether it led to a chat of the sandbox */
function openInside(url) {
  const path = url.pathname.split("/").filter(Boolean);
  if (url.protocol === "tg:") {
    const name = url.searchParams.get("domain");
    return name !== null && openMention(name);
  }
  if (!TELEGRAM.test(url.hostname) || !path.length) return false;
  if (openDeepLink(url)) return true;
  if (/^\+|^joinchat$/.test(path[0])) {
    void lead({ do: "open_link", text: url.href });
    return true;
  }
  const chats = page.state?.chats ?? [];
  const chat = path[0] === "c" ? chats.find((one) => String(one.id) === `-100${path[1]}`) : undefined;
  if (chat) goTo(chat.id);
  else if (/^[a-z]\w{3,}$/i.test(path[0])) return openMention(path[0]);
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
