/** The foot of a chat: text, the commands menu, the reply keyboard, START. One per opened chat. */

import { attachContact, say, shareContact } from "./actions.js";
import { el, show } from "./dom.js";
import { icon } from "./icons.js";
import { actionSheet } from "./layers.js";

/** @typedef {import("./types.js").Chat} Chat */
/** @typedef {import("./types.js").ReplyButton} ReplyButton */

/** @param {Chat} first @returns {{node: HTMLElement, update: (chat: Chat) => void}} */
export function composer(first) {
  let chat = first;
  let folded = !first.reply_keyboard;

  const input = el("textarea", {
    class: "composer-input",
    rows: "1",
    testid: "input",
    placeholder: "Message",
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
  const attach = el(
    "button",
    {
      class: "icon-button",
      "aria-label": "Share a contact",
      title: "Share a contact",
      testid: "attach",
      on: { click: () => attachContact(chat) },
    },
    icon("attach", 21),
  );
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
    menu,
    attach,
    el("div", { class: "composer-field" }, input, toggle),
    sendButton,
  );
  const startButton = el("button", {
    class: "primary is-wide",
    testid: "start-button",
    on: { click: () => void say(chat, "/start") },
  });
  const start = el("div", { class: "start" }, startButton);
  const closed = el("p", { class: "closed", text: "Only administrators can write here." });
  const keys = el("div", {
    class: "reply-keys",
    role: "group",
    "aria-label": "Keyboard of the bot",
    testid: "reply-keyboard",
  });
  const foot = el("footer", { class: "foot" }, form, start, closed, keys);

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
    void say(chat, text);
  }

  function openCommands() {
    actionSheet(
      "Commands",
      (chat.commands ?? []).map(({ command, description }) => ({
        text: `/${command}`,
        hint: description,
        icon: "slash",
        testid: `command-${command}`,
        run: () => void say(chat, `/${command}`),
      })),
    );
  }

  /** @param {ReplyButton} button */
  function key(button) {
    const run = async () => {
      const before = board();
      const used = button.request_contact ? await shareContact(chat) : Boolean(await say(chat, button.text));
      if (before?.one_time && used && JSON.stringify(before) === JSON.stringify(board())) folded = true;
      draw();
    };
    return el(
      "button",
      {
        class: "reply-key",
        testid: button.request_contact ? "share-contact" : "reply-button",
        dir: "auto",
        on: { click: run },
      },
      button.request_contact && icon("person", 19),
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
    menu.hidden = !chat.commands?.length;
    attach.hidden = chat.type !== "private";
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
  };
}
