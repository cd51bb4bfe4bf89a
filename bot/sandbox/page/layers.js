/** What slides over the phone's screen: dialogs, sheets, the dialer. One way to open, close and keep focus. */

import { byId, calm, el } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {{close: (away?: boolean) => void, node: HTMLElement}} Layer `away`: somebody else's phone is shown */

/** @type {{shade: HTMLElement, before: Element|null, cancel: (away?: boolean) => void}[]} */
const stack = [];

const focusable = "button:not([disabled]), input, select, textarea, iframe, a[href], [tabindex='0']";

/** Only what is on top can be reached. */
function reach() {
  byId("screens").inert = stack.length > 0;
  stack.forEach((layer, index) => (layer.shade.inert = index < stack.length - 1));
}

/**
 * @param {HTMLElement} content
 * @param {{label: string, kind: "dialog"|"sheet"|"full", testid?: string, onClose?: (away: boolean) => void, alert?: boolean}} options
 * @returns {Layer}
 */
export function openLayer(content, options) {
  const box = el(
    "div",
    {
      class: `layer layer-${options.kind}`,
      role: options.alert ? "alertdialog" : "dialog",
      "aria-modal": "true",
      "aria-label": options.label,
      testid: options.testid,
      tabindex: "-1",
    },
    content,
  );
  const shade = el("div", { class: `shade shade-${options.kind}` }, box);
  let open = true;
  const close = (away = false) => {
    if (!open) return;
    open = false;
    const index = stack.findIndex((layer) => layer.shade === shade);
    const [{ before }] = stack.splice(index, 1);
    reach();
    shade.classList.add("is-leaving");
    shade.inert = true;
    setTimeout(() => shade.remove(), calm() ? 0 : 240);
    if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    else byId("phone").focus({ preventScroll: true });
    options.onClose?.(away);
  };
  shade.addEventListener("click", (/** @type {Event} */ event) => event.target === shade && close());
  byId("toasts")
    .querySelectorAll(".toast")
    .forEach((/** @type {Element} */ note) => note.remove()); // it would lie over the choices
  stack.push({ shade, before: document.activeElement, cancel: close });
  byId("layers").append(shade);
  reach();
  const first = box.querySelector("[data-autofocus]") ?? box.querySelector(focusable) ?? box;
  /** @type {HTMLElement} */ (first).focus({ preventScroll: true });
  return { close, node: box };
}

/** Closes all layers. @param {boolean} [away] because another person takes over */
export const closeLayers = (away = false) => [...stack].reverse().forEach((layer) => layer.cancel(away));

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !stack.length) return;
  event.preventDefault();
  stack[stack.length - 1].cancel();
});

/**
 * @param {{title: string, text?: string, yes: string, no?: string, testid?: string, yesTestid?: string,
 *   noTestid?: string, alert?: boolean}} words
 * @returns {Promise<boolean>} whether "yes" was pressed
 */
export function confirmDialog(words) {
  return new Promise((done) => {
    let answer = false;
    const settle = (/** @type {boolean} */ yes) => () => {
      answer = yes;
      layer.close();
    };
    const content = el(
      "div",
      { class: "dialog" },
      el("h2", { class: "dialog-title", text: words.title }),
      words.text && el("p", { class: "dialog-text", text: words.text }),
      el(
        "div",
        { class: "dialog-buttons" },
        words.no &&
          el("button", {
            class: "text-button is-quiet",
            text: words.no,
            testid: words.noTestid,
            on: { click: settle(false) },
          }),
        el("button", {
          class: "text-button",
          text: words.yes,
          testid: words.yesTestid,
          "data-autofocus": true,
          on: { click: settle(true) },
        }),
      ),
    );
    const layer = openLayer(content, {
      label: words.title,
      kind: "dialog",
      testid: words.testid,
      alert: words.alert,
      onClose: () => done(answer),
    });
  });
}

/** @param {string} text the bot's answer that wants to be read */
export const alertDialog = (text) =>
  confirmDialog({ title: "Callgate", text, yes: "OK", testid: "alert", alert: true });

/**
 * @param {string} title
 * @param {{text: string, hint?: string, icon: string, danger?: boolean, testid?: string, run: () => void}[]} items
 * @param {string} [note]
 */
export function actionSheet(title, items, note) {
  const list = el(
    "div",
    { class: "sheet" },
    el("div", { class: "sheet-grip" }),
    el("h2", { class: "sheet-title", text: title }),
    note && el("p", { class: "sheet-note", text: note }),
  );
  const layer = openLayer(list, { label: title, kind: "sheet" });
  for (const item of items) {
    list.append(
      el(
        "button",
        {
          class: `sheet-item${item.danger ? " is-danger" : ""}`,
          testid: item.testid,
          on: {
            click: () => {
              layer.close();
              item.run();
            },
          },
        },
        icon(item.icon),
        el(
          "span",
          { class: "sheet-words" },
          el("span", { dir: "auto", text: item.text }),
          item.hint && el("small", { dir: "auto", text: item.hint }),
        ),
      ),
    );
  }
  const cancel = el("button", {
    class: "sheet-item is-cancel",
    text: "Cancel",
    on: { click: () => layer.close() },
  });
  list.append(cancel);
  /** @type {HTMLElement|null} */ (list.querySelector("button"))?.focus({ preventScroll: true });
}

/** @param {string} text @param {"plain"|"good"|"bad"} [mood] a word that passes by */
export function toast(text, mood = "plain") {
  const note = el(
    "div",
    { class: `toast is-${mood}`, testid: "toast" },
    mood === "good" && icon("check", 18),
    mood === "bad" && icon("warn", 18),
    el("span", { dir: "auto", text }),
  );
  const host = byId("toasts");
  while (host.childElementCount > 1) host.firstElementChild?.remove();
  host.append(note);
  setTimeout(
    () => {
      note.classList.add("is-leaving");
      setTimeout(() => note.remove(), calm() ? 0 : 240);
    },
    Math.min(7000, 2600 + text.length * 35),
  );
}
