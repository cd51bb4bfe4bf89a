/** The foot of a chat: text, a reply, the commands menu, the reply keyboard, START. One per opened chat. */

import { act, say } from "./act.js";
import { attach, pickUser, shareContact } from "./actions.js";
import { avatar } from "./avatar.js";
import { untilWords } from "./clock.js";
import { el, show } from "./dom.js";
import { sendFile } from "./files.js";
import { icon } from "./icons.js";
import { actionSheet } from "./layers.js";
import { summary } from "./message.js";
import { page } from "./store.js";
import { t } from "./words.js";

/** @typedef {import("./types.js").Chat} Chat */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").ReplyButton} ReplyButton */

/** @param {Chat} chat @returns {string} why nothing can be written there */
function whyClosed(chat) {
  if (chat.type === "channel") return "Only administrators can write here.";
  if (chat.muted?.until) {
    return `You are muted here until ${untilWords(chat.muted.until)}.`;
  }
  return chat.muted ? "You are muted here: you can read, not write." : "Members cannot write here.";
}

/** @param {ReplyButton} button */
function testidOf(button) {
  if (button.request_contact) return "share-contact";
  return button.request_users ? "pick-user" : "reply-button";
}

/** The sheet of an administrator who writes as the group. @param {Chat} chat */
function anonymity(chat) {
  const stop = {
    text: "Write under my own name",
    icon: "person",
    testid: "by-name",
    run: () => void act({ do: "promote", chat: chat.id, person: page.as, anonymous: false }),
  };
  actionSheet(
    `You write as “${chat.title}”`,
    chat.owner ? [stop] : [],
    chat.owner ? "Nobody sees who you are." : "Nobody sees who you are. The owner can change that.",
  );
}

/** @param {Chat} first @returns {{node: HTMLElement, update: (chat: Chat) => void, reply: (message: Message) => void}} */
export function composer(first) {
  let chat = first;
  /** @type {Message|null} */
  let replied = null;
  let folded = !first.reply_keyboard;

  const input = el("textarea", {
    class: "composer-input",
    rows: "1",
    testid: "input",
    placeholder: t("Message"),
    "aria-label": "Message",
    enterkeyhint: "send",
    maxlength: "4096",
  });
  const sendButton = el(
    "button",
    { class: "send", testid: "send", type: "submit", "aria-label": "Send", disabled: true },
    icon("send", 20),
  );
  const menu = el(
    "button",
    {
      class: "icon-button",
      "aria-label": "Commands",
      title: "Commands",
      testid: "commands",
      on: { click: openCommands },
    },
    icon("slash", 21),
  );
  const chooser = el("input", {
    type: "file",
    hidden: true,
    "aria-label": "File to send",
    testid: "file",
    on: { change: sendChosen },
  });
  const clip = el(
    "button",
    {
      class: "icon-button",
      "aria-label": "Attach",
      title: "Attach",
      testid: "attach",
      on: {
        click: () => (chat.type === "private" ? attach(chat, () => chooser.click()) : chooser.click()),
      },
    },
    icon("attach", 21),
  );
  const guise = el("button", {
    class: "guise",
    testid: "as-group",
    title: "You write as the group",
    on: { click: () => anonymity(chat) },
  });
  const toggle = el(
    "button",
    {
      class: "icon-button",
      "aria-label": "Keyboard",
      "aria-expanded": "true",
      title: "Keyboard",
      testid: "keyboard-toggle",
      on: {
        click: () => {
          folded = !folded;
          draw();
        },
      },
    },
    icon("keyboard", 21),
  );
  const form = el(
    "form",
    { class: "composer", on: { submit: submit } },
    guise,
    menu,
    clip,
    chooser,
    el("div", { class: "composer-field" }, input, toggle),
    sendButton,
  );
  const startButton = el("button", {
    class: "primary is-wide",
    testid: "start-button",
    on: { click: () => void say(chat, "/start") },
  });
  const start = el("div", { class: "start" }, startButton);
  const closed = el("p", { class: "closed", testid: "composer-closed" });
  const replyBar = el("div", { class: "reply-bar", testid: "reply-bar" });
  const keys = el("div", {
    class: "reply-keys",
    role: "group",
    "aria-label": "Keyboard of the bot",
    testid: "reply-keyboard",
  });
  const foot = el("footer", { class: "foot" }, replyBar, form, start, closed, keys);

  input.addEventListener("input", grow);
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  });

  function grow() {
    sendButton.disabled = !input.value.trim();
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight, 120)}px`;
  }

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    grow();
    write(text);
  }

  /** @param {string} text written, or chosen from the menu */
  function write(text) {
    void say(chat, text, replied?.id);
    replied = null;
    draw();
  }

  function sendChosen() {
    const file = chooser.files?.[0];
    if (file) void sendFile(chat, file);
    chooser.value = "";
  }

  function drawReply() {
    if (replied && !chat.messages.some((message) => message.id === replied?.id)) replied = null;
    const message = replied;
    replyBar.hidden = !message || !chat.can_write;
    show(replyBar, message && [message.id, message.text], () => [
      icon("reply", 18),
      message &&
        el(
          "div",
          { class: "quote" },
          el("strong", { dir: "auto", text: `Reply to ${message.from?.name ?? chat.title}` }),
          el("span", { dir: "auto", text: summary(message) }),
        ),
      el(
        "button",
        {
          class: "icon-button is-small",
          "aria-label": "Do not reply",
          testid: "reply-cancel",
          on: {
            click: () => {
              replied = null;
              draw();
              input.focus();
            },
          },
        },
        icon("close", 17),
      ),
    ]);
  }

  function openCommands() {
    actionSheet(
      "Commands",
      (chat.commands ?? []).map(({ command, description, is_ephemeral }) => ({
        text: `/${command}`,
        hint: is_ephemeral ? `${description} · nobody else sees it` : description,
        icon: is_ephemeral ? "eye" : "slash",
        testid: `command-${command}`,
        run: () => write(`/${command}`),
      })),
    );
  }

  /** @param {ReplyButton} button */
  function key(button) {
    const run = async () => {
      if (button.request_users) return pickUser(chat);
      const before = board();
      const used = button.request_contact ? await shareContact(chat) : Boolean(await say(chat, button.text));
      if (before?.one_time && used && JSON.stringify(before) === JSON.stringify(board())) folded = true;
      draw();
    };
    return el(
      "button",
      {
        class: "reply-key",
        testid: testidOf(button),
        dir: "auto",
        on: { click: run },
      },
      (button.request_contact || button.request_users) && icon("person", 19),
      el("span", { text: button.text }),
    );
  }

  /** The keyboard on the screen, or the used one that waits behind its small button. */
  const board = () => chat.reply_keyboard ?? chat.folded_keyboard ?? null;

  function draw() {
    const shown = board();
    const empty = chat.type === "private" && (!chat.messages.length || !chat.can_write);
    start.hidden = !empty;
    startButton.textContent = chat.blocked ? "RESTART" : "START";
    form.hidden = empty || !chat.can_write;
    closed.hidden = empty || chat.can_write;
    show(closed, whyClosed(chat), () => [
      icon(chat.muted ? "mute" : "lock", 17),
      el("span", { text: whyClosed(chat) }),
    ]);
    menu.hidden = !chat.commands?.length;
    guise.hidden = !chat.anonymous;
    show(guise, chat.title, () => [
      avatar({ id: chat.id, name: chat.title }, "s"),
      icon("mask", 13),
      el("span", { class: "visually-hidden", text: "You write as the group" }),
    ]);
    input.placeholder = chat.anonymous ? "Write as the group" : t("Message");
    drawReply();
    toggle.hidden = !shown;
    toggle.setAttribute("aria-expanded", String(!folded));
    keys.classList.toggle("is-open", Boolean(shown) && !folded && !empty);
    keys.inert = !shown || folded || empty;
    if (shown)
      show(keys, shown, () => shown.rows.map((row) => el("div", { class: "reply-row" }, ...row.map(key))));
    else if (keys.dataset.shown) {
      delete keys.dataset.shown;
      keys.replaceChildren();
    }
  }

  draw();
  return {
    node: foot,
    update(next) {
      // A new keyboard unfolds; a used one-time keyboard folds away, and can be unfolded by hand.
      if (JSON.stringify(chat.reply_keyboard) !== JSON.stringify(next.reply_keyboard))
        folded = !next.reply_keyboard;
      chat = next;
      draw();
    },
    reply(message) {
      replied = message;
      draw();
      input.focus();
    },
  };
}
