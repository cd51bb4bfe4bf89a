/** Puts the page together and keeps it in step with the sandbox. */

import { followOffer } from "./actions.js";
import { follow } from "./api.js";
import { avatar } from "./avatar.js";
import { dial } from "./calls.js";
import { drawChatList } from "./chatlist.js";
import { drawChat } from "./chatview.js";
import { clockRate, clockTime, everyTick, now, tickCountdowns } from "./clock.js";
import { drawControls, startControls } from "./controls.js";
import { byId, calm, el, show } from "./dom.js";
import { groupPhone } from "./format.js";
import { drawGuide, startGuide } from "./guide.js";
import { drawInfo } from "./info.js";
import { icon } from "./icons.js";
import { closeLayers } from "./layers.js";
import { summary } from "./message.js";
import { hidePanel, showPanel, startPanel } from "./panel.js";
import { drawPeople } from "./people.js";
import { drawRaid } from "./raid.js";
import { forgetStory, startStory } from "./story.js";
import { goTo, hasPanes, isDesktop, onArrival, page, readAddress, refresh, watch } from "./store.js";
import { onTheme, theme, toggleTheme } from "./theme.js";
import { addTrace, hideSetUp, onCount, startTrace } from "./trace.js";
import { t } from "./words.js";

function drawTheme() {
  const next = theme() === "dark" ? "light" : "dark";
  const button = byId("theme-toggle");
  button.replaceChildren(icon(next === "dark" ? "moon" : "sun"));
  button.setAttribute("aria-label", `Switch to ${next}`);
  button.title = `Switch to ${next}`;
  document.querySelector(".status-theme")?.replaceChildren(icon(next === "dark" ? "moon" : "sun", 17));
}

/** The strip at the top of the phone: its clock, and on a small screen the way to the panel. */
function startStatus() {
  const time = el("span", { class: "status-time", title: "Sandbox time" });
  const rate = el("span", { class: "status-rate" });
  const count = el("b", { text: "0" });
  byId("status").append(
    time,
    rate,
    el("span", { class: "status-link", role: "status" }),
    el("span", { class: "status-marks" }, icon("bars", 17), icon("battery", 21)),
    el("button", {
      class: "status-theme",
      "aria-label": "Switch light and dark",
      on: { click: toggleTheme },
    }),
    el(
      "button",
      { class: "status-panel", testid: "open-panel", on: { click: () => showPanel("travel") } },
      icon("pulse", 16),
      "What travelled ",
      count,
    ),
  );
  onCount((total) => (count.textContent = String(total)));
  everyTick(() => {
    const text = clockTime(now());
    if (time.textContent !== text) time.textContent = text;
    const speed = clockRate() === 1 ? "" : `${clockRate()}×`;
    if (rate.textContent !== speed) rate.textContent = speed;
    tickCountdowns();
  });
}

function drawCaption() {
  if (!page.state) return;
  const { me, bot } = page.state;
  show(byId("stage-caption"), [me, bot.polling], () => [
    el("strong", {}, el("bdi", { text: me.name }), isDesktop() ? "’s computer" : "’s phone"),
    el("span", { text: groupPhone(me.phone) }),
    isDesktop() &&
      el(
        "button",
        { class: "small-button", testid: "pick-up-phone", on: { click: () => dial() } },
        icon("handset", 15),
        t("Pick up the phone"),
      ),
  ]);
  const link = byId("status").querySelector(".status-link");
  const word = page.online ? "" : "No connection to the sandbox";
  if (link && link.textContent !== word) link.textContent = word;
}

/** What Telegram runs on gives the phone's frame its shape. */
function drawDevice() {
  const frame = byId("phone");
  frame.classList.toggle("is-desktop", isDesktop());
  frame.classList.toggle("has-panes", hasPanes());
  frame.setAttribute("aria-label", isDesktop() ? "Computer" : "Phone");
}

/** A banner about a chat goes when one looks into it. */
function dropBanner() {
  const banner = byId("toasts").querySelector(".banner");
  if (banner instanceof HTMLElement && banner.dataset.chat === String(page.chat)) banner.remove();
}

onArrival((chat, message) => {
  const host = byId("toasts");
  host.querySelectorAll(".banner").forEach((/** @type {Element} */ node) => node.remove());
  const banner = el(
    "button",
    {
      class: "banner",
      testid: "banner",
      data: { chat: String(chat.id) },
      on: {
        click: () => {
          banner.remove();
          hidePanel();
          closeLayers(); // an app or a page gives way to the chat
          goTo(chat.id);
        },
      },
    },
    avatar({ id: chat.id, name: chat.title, bot: chat.type === "private" }, "m"),
    el(
      "span",
      { class: "banner-words" },
      el("strong", { dir: "auto", text: chat.title }),
      el("span", { dir: "auto", text: summary(message) }),
    ),
  );
  host.prepend(banner);
  setTimeout(() => {
    banner.classList.add("is-leaving");
    setTimeout(() => banner.remove(), calm() ? 0 : 240);
  }, 6000);
});

byId("brand-mark").append(icon("gate", 26));
byId("theme-toggle").addEventListener("click", toggleTheme);
onTheme(drawTheme);
startPanel();
startTrace();
startStatus();
drawTheme();
startControls();
startGuide();
startStory();
[
  () => page.state?.tour && hideSetUp(page.state.tour.since) && forgetStory(),
  dropBanner,
  drawCaption,
  drawDevice,
  drawChatList,
  drawChat,
  drawInfo,
  drawPeople,
  drawRaid,
  drawControls,
  followOffer,
  drawGuide,
].forEach(watch);
addEventListener("popstate", () => {
  const before = page.as;
  readAddress();
  if (page.as !== before) closeLayers(true);
});
readAddress();
void refresh();
follow({
  changed: () => void refresh(),
  trace: addTrace,
  link: (up) => {
    if (up) void refresh();
    else {
      page.online = false;
      drawCaption();
    }
  },
});
