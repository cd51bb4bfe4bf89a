/** A small dialog that asks for one line of text. */

import { el } from "./dom.js";
import { openLayer } from "./layers.js";

/**
 * @param {{title: string, text?: string, label: string, value?: string, yes: string, maxlength: number, empty?: boolean}} words
 *   `empty`: whether nothing is an answer too
 * @returns {Promise<string|null>} what was written; null when it was given up
 */
export function askText(words) {
  return new Promise((done) => {
    /** @type {string|null} */
    let answer = null;
    const field = el("input", {
      class: "field prompt-field",
      "aria-label": words.label,
      placeholder: words.label,
      maxlength: String(words.maxlength),
      value: words.value ?? "",
      dir: "auto",
      testid: "prompt-field",
      autocomplete: "off",
      "data-autofocus": true,
    });
    const content = el(
      "form",
      {
        class: "dialog",
        on: {
          submit: (/** @type {Event} */ event) => {
            event.preventDefault();
            const text = field.value.trim();
            if (!text && !words.empty) return field.focus();
            answer = text;
            return layer.close();
          },
        },
      },
      el("h2", { class: "dialog-title", dir: "auto", text: words.title }),
      words.text && el("p", { class: "dialog-text", text: words.text }),
      field,
      el(
        "div",
        { class: "dialog-buttons" },
        el("button", { class: "text-button is-quiet", text: "Cancel", on: { click: () => layer.close() } }),
        el("button", { class: "text-button", type: "submit", text: words.yes, testid: "prompt-yes" }),
      ),
    );
    const layer = openLayer(content, {
      label: words.title,
      kind: "dialog",
      testid: "prompt",
      onClose: () => done(answer),
    });
    field.select();
  });
}
