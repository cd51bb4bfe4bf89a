/** Mini Apps: a page of the bot in a sheet of the client, spoken with as Telegram's own web clients do. */

import { avatar } from "./avatar.js";
import { lead } from "./clock.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { confirmDialog, openLayer } from "./layers.js";
import { page } from "./store.js";
import { onTheme } from "./theme.js";

/**
 * @typedef {object} Hands what an app may ask of the client around it
 * @property {(number: string) => void} dial
 * @property {(address: string) => void} open a link to the web or to a chat
 * @property {() => Promise<boolean>} share the person's own contact, already agreed to; whether it went out
 * @property {(away: boolean) => void} closed `away`: only because somebody else's phone is shown
 */

/** Telegram's names of colours, and ours. @type {Record<string, string>} */
const COLORS = {
  bg_color: "--surface",
  secondary_bg_color: "--paper",
  header_bg_color: "--surface",
  bottom_bar_bg_color: "--surface",
  section_bg_color: "--surface",
  section_separator_color: "--line",
  section_header_text_color: "--accent",
  text_color: "--ink",
  hint_color: "--muted",
  subtitle_text_color: "--muted",
  link_color: "--accent",
  accent_text_color: "--accent",
  destructive_text_color: "--danger",
  button_color: "--accent-solid",
  button_text_color: "--on-solid",
};

/** @returns {Record<string, string>} the page's colours of now, as "#rrggbb" */
function themeParams() {
  const probe = el("span", { hidden: true });
  document.body.append(probe);
  const found = Object.entries(COLORS).map(([name, token]) => {
    probe.style.color = `var(${token})`;
    const [r, g, b] = (getComputedStyle(probe).color.match(/\d+/g) ?? []).map(Number);
    return [name, `#${[r, g, b].map((part) => part.toString(16).padStart(2, "0")).join("")}`];
  });
  probe.remove();
  return Object.fromEntries(found);
}

/** @param {string} url as Telegram launches it @returns {string} with the colours of this page */
function inOurColours(url) {
  const colors = encodeURIComponent(JSON.stringify(themeParams()));
  return url.replace(/(?<=[#&]tgWebAppThemeParams=)[^&]*/, colors);
}

/** Telegram's own question. @param {string} bot */
const mayShare = (bot) =>
  confirmDialog({
    title: `Share your phone number with ${bot}?`,
    text: "It is sent to your chat with the bot.",
    yes: "Share",
    no: "Cancel",
    yesTestid: "app-contact-share",
    noTestid: "app-contact-cancel",
  });

let launches = 0;

/** @param {string} url as Telegram launches it @param {Hands} hands */
export function openMiniApp(url, hands) {
  const bot = page.state?.bot ?? { id: 0, name: "Bot" };
  const address = new URL(url);
  // A page of another origin keeps its own; one of this origin must not reach into this page.
  const apart = address.origin === location.origin ? "" : " allow-same-origin";
  const frame = el("iframe", {
    class: "app-frame",
    name: `tgapp-${Date.now()}-${++launches}`, // one launch's data is not found by the next in the same tab
    title: `Mini App of ${bot.name}`,
    src: inOurColours(url),
    sandbox: `allow-scripts allow-forms allow-popups${apart}`,
    allow: "clipboard-write",
  });
  const veil = el("div", { class: "app-veil" }, avatar({ id: bot.id, name: bot.name, bot: true }, "xl"));
  const bar = el(
    "div",
    { class: "app-bar" },
    el(
      "button",
      {
        class: "icon-button",
        "aria-label": "Close the app",
        testid: "app-close",
        on: { click: () => layer.close() },
      },
      icon("close"),
    ),
    el(
      "div",
      { class: "app-words" },
      el("strong", { dir: "auto", text: bot.name }),
      el("small", { text: "mini app" }),
    ),
  );

  /** The frame may be of any origin; nothing said to it is a secret. @param {string} eventType @param {object} eventData */
  const tell = (eventType, eventData) =>
    frame.contentWindow?.postMessage(JSON.stringify({ eventType, eventData }), "*");
  const tellTheme = () => tell("theme_changed", { theme_params: themeParams() });
  const lift = () => veil.classList.add("is-lifted");
  /** What lies over the app belongs to the person: meanwhile the app asks for nothing more. */
  const covered = () => layer.node.closest("[inert]") !== null;

  /** @type {Record<string, (data: any) => void>} */
  const asked = {
    web_app_ready: lift,
    web_app_close: () => layer.close(),
    web_app_request_theme: tellTheme,
    async web_app_request_phone() {
      const sent = !covered() && (await mayShare(bot.name)) && (await hands.share());
      tell("phone_requested", { status: sent ? "sent" : "cancelled" });
    },
    web_app_open_link(data) {
      if (!covered()) hands.open(String(data?.url));
    },
    web_app_open_tg_link(data) {
      if (covered()) return;
      layer.close(); // a phone lets the app slide down to a bar instead
      hands.open(`https://t.me/${String(data?.path_full).replace(/^\/+/, "")}`);
    },
    sandbox_dial(data) {
      if (!covered()) hands.dial(String(data?.number));
    },
  };

  /** @param {MessageEvent} event */
  function hear(event) {
    if (event.source !== frame.contentWindow || typeof event.data !== "string") return;
    let message = null;
    try {
      message = JSON.parse(event.data);
    } catch {
      return;
    }
    if (message && Object.hasOwn(asked, message.eventType)) asked[message.eventType](message.eventData);
  }

  // The device's clock is the sandbox's: the app's own runs ahead by what has been jumped over since it opened.
  const leadThen = lead();
  const shift = () => Math.round(lead() - leadThen);
  const timer = setInterval(() => Math.abs(shift()) > 500 && tell("sandbox_clock", { shift: shift() }), 500);
  frame.addEventListener("load", lift);
  addEventListener("message", hear);
  const forget = onTheme(tellTheme);
  const body = el("div", { class: "app" }, bar, el("div", { class: "app-body" }, frame, veil));
  const layer = openLayer(body, {
    label: `Mini App of ${bot.name}`,
    kind: "full",
    testid: "app",
    onClose(away) {
      removeEventListener("message", hear);
      forget();
      clearInterval(timer);
      hands.closed(away);
    },
  });
}
