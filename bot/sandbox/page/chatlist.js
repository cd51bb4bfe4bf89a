/** The first screen of the phone: the chats of the person who holds it. */

import { dial } from "./calls.js";
import { avatar, guardMark } from "./avatar.js";
import { clockTime, dayName } from "./clock.js";
import { byId, el, show } from "./dom.js";
import { plural } from "./format.js";
import { icon } from "./icons.js";
import { actionSheet } from "./layers.js";
import { lead } from "./links.js";
import { summary } from "./message.js";
import { showPanel } from "./panel.js";
import { askText } from "./prompt.js";
import { goTo, hasPanes, isDesktop, page, unread } from "./store.js";
import { t } from "./words.js";

/** @typedef {import("./types.js").Chat} Chat */

/** @param {number} date @returns {string} */
const when = (date) => (dayName(date) === "Today" ? clockTime(date) : dayName(date));

/** @param {Chat} chat @returns {string} */
function preview(chat) {
  const last = chat.messages[chat.messages.length - 1];
  if (last)
    return last.service || chat.type === "private" || !last.from
      ? summary(last)
      : `${last.mine ? "You" : last.from.name}: ${summary(last)}`;
  if (chat.type === "private") return "Nothing here yet. Open to start.";
  return chat.members ? plural(chat.members, "member") : "";
}

/** @param {Chat} chat @returns {HTMLElement|null} where the person stands with a group */
function standing(chat) {
  if (chat.type === "private") return null;
  if (chat.my_state === "none")
    return el("span", { class: "tag is-invite", text: chat.approves ? t("Request to join") : t("Join") });
  if (chat.my_state === "banned") return el("span", { class: "tag", text: t("Removed") });
  if (chat.my_state === "requested") return el("span", { class: "tag", text: t("Request sent") });
  return null;
}

/** @param {Chat} chat @returns {number} the newest first; a group one may join before a bot never spoken to */
const rank = (chat) => chat.messages[chat.messages.length - 1]?.date ?? (chat.type === "private" ? 0 : 1);

/** @param {Chat} chat */
function row(chat) {
  const last = chat.messages[chat.messages.length - 1];
  const count = unread(chat);
  return el(
    "li",
    {},
    el(
      "button",
      {
        class: "chat-row",
        testid: `chat-item-${chat.id}`,
        title: hasPanes() ? chat.title : null,
        "aria-current": hasPanes() && chat.id === page.chat ? "true" : null,
        on: { click: () => goTo(chat.id) },
      },
      avatar({ id: chat.id, name: chat.title, bot: chat.type === "private" }, "l"),
      el(
        "span",
        { class: "chat-row-words" },
        el(
          "span",
          { class: "chat-row-top" },
          el(
            "span",
            { class: "chat-row-name" },
            chat.type !== "private" && icon("people", 15),
            el("bdi", { text: chat.title }),
            chat.guarded && guardMark(page.state?.bot.name ?? "the bot"),
          ),
          last && el("time", { class: "chat-row-time", text: when(last.date) }),
        ),
        el(
          "span",
          { class: "chat-row-bottom" },
          el("span", { class: "chat-row-last", dir: "auto", text: preview(chat) }),
          (chat.requests ?? 0) > 0 &&
            el(
              "span",
              { class: "tag is-invite", title: "Requests to join" },
              icon("person", 13),
              String(chat.requests),
              el("span", { class: "visually-hidden", text: " requests to join" }),
            ),
          count > 0 &&
            el(
              "span",
              { class: "badge" },
              String(count),
              el("span", { class: "visually-hidden", text: " unread" }),
            ),
          standing(chat),
        ),
      ),
    ),
  );
}

/** @param {"supergroup"|"group"|"channel"} kind @param {string} title */
async function found(kind, title) {
  const text = await askText({ title, label: "Name", yes: "Create", maxlength: 128 });
  if (text) void lead({ do: "found", kind, text });
}

const newGroup = () =>
  actionSheet("New chat", [
    {
      text: "Group",
      hint: "A supergroup: topics, tags, restrictions",
      icon: "people",
      testid: "new-supergroup",
      run: () => void found("supergroup", "New group"),
    },
    {
      text: "Basic group",
      hint: "The small, old kind, which can be upgraded",
      icon: "people",
      testid: "new-basic-group",
      run: () => void found("group", "New basic group"),
    },
    { text: "Channel", icon: "tower", testid: "new-channel", run: () => void found("channel", "New channel") },
  ]);

export function drawChatList() {
  const state = page.state;
  if (!state) return;
  const { me } = state;
  const chats = [...state.chats].sort((a, b) => rank(b) - rank(a));
  const counts = chats.map(unread);
  show(
    byId("list-view"),
    [
      me,
      chats,
      counts,
      chats.map((chat) => chat.messages.map((m) => when(m.date)).pop()),
      hasPanes() && page.chat,
    ],
    () => [
      el(
        "header",
        { class: "bar" },
        el("h2", { class: "bar-title", text: t("Chats") }),
        el(
          "button",
          {
            class: "icon-button",
            "aria-label": "Dial a number",
            title: "Dial a number",
            testid: "open-dialer",
            on: { click: () => dial() },
          },
          icon("phone"),
        ),
        me.role === "owner" &&
          el(
            "button",
            {
              class: "icon-button",
              "aria-label": "New group",
              title: "New group",
              testid: "new-group",
              on: { click: newGroup },
            },
            icon("plus", 21),
          ),
        el(
          "button",
          {
            class: "me",
            "aria-label": `This is ${me.name}’s ${isDesktop() ? "computer" : "phone"}. Switch person`,
            testid: "switch-person",
            on: { click: () => showPanel("side") },
          },
          avatar(me, "s"),
        ),
      ),
      el("ul", { class: "chat-rows", testid: "chat-list" }, ...chats.map(row)),
      el("p", { class: "list-foot" }, icon("lock", 14), "Everything here happens on this machine."),
    ],
  );
}
