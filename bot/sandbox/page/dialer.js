/** The phone's dialer: slides up with a number, calls it, tells what was heard, and goes away. */

import { calm, el, pause } from "./dom.js";
import { groupPhone, neighbour } from "./format.js";
import { icon } from "./icons.js";
import { openLayer } from "./layers.js";
import { page } from "./store.js";
import { t } from "./words.js";

/** @typedef {{number: string, from_number: string|null, hidden: boolean}} Call */
/** @typedef {(call: Call) => Promise<import("./types.js").ActResult|null>} Place */

/** What the line said, in a person's words. @type {Record<string, [string, string]>} */
const HEARD = {
  dropped: ["Call dropped: free", "One short ring, then it hung up. That is how it should be."],
  "number unavailable": [
    "Call dropped: free",
    "“The number is unavailable”, the line said. That is how it should be.",
  ],
  "no such number": ["No such number", "The line said that this number does not exist."],
};

/** @param {string} icon_ @param {string} text @param {string|null} hint @param {string} testid @param {() => void} run @param {string} [kind] */
const choice = (icon_, text, hint, testid, run, kind = "") =>
  el(
    "button",
    { class: `dial-choice ${kind}`, testid, on: { click: run } },
    icon(icon_, 21),
    el("span", { class: "sheet-words" }, el("span", { text }), hint && el("small", { text: hint })),
  );

/** @param {string|null} number null: the person types it @param {Place} place */
export function openDialer(number, place) {
  const me = page.state?.me;
  if (!me) return;
  const body = el("div", { class: "dialer" });
  const layer = openLayer(body, { label: "Phone", kind: "sheet", testid: "dialer" });
  const typed = el("input", {
    class: "dial-input",
    inputmode: "tel",
    type: "tel",
    placeholder: "+7",
    "aria-label": "Number to call",
    testid: "dial-number",
    value: "",
  });
  const target = () => (number ?? typed.value).replace(/[^\d+]/g, "");

  /** @param {Partial<Call>} how */
  const call = (how) => {
    if (!target()) return typed.focus();
    return void ring(body, layer, { number: target(), from_number: null, hidden: false, ...how }, place);
  };

  const other = el("input", {
    class: "dial-input is-small",
    type: "tel",
    inputmode: "tel",
    "aria-label": "Number to call from",
    testid: "dial-from-number",
    value: groupPhone(neighbour(me.phone)),
  });
  const otherForm = el(
    "form",
    {
      class: "dial-other",
      hidden: true,
      on: {
        submit: (/** @type {Event} */ event) => {
          event.preventDefault();
          call({ from_number: other.value.replace(/[^\d+]/g, "") });
        },
      },
    },
    el("label", { class: "dial-label" }, t("Call from"), other),
    el("button", { class: "primary is-call", type: "submit", testid: "dial-call-from" }, t("Call")),
  );

  const choices = el(
    "div",
    { class: "dial-choices" },
    choice("phone", t("Call"), null, "dial-call", () => call({}), "is-call"),
    choice("swap", t("Call from another number"), t("As from a second phone"), "dial-other", () => {
      otherForm.hidden = !otherForm.hidden;
      if (!otherForm.hidden) other.select();
    }),
    otherForm,
    choice("hidden", t("Hide my number"), t("The other side sees no number"), "dial-hidden", () =>
      call({ hidden: true }),
    ),
    choice("close", t("Do not call"), null, "dial-cancel", () => layer.close(), "is-quiet"),
  );

  body.append(
    el("div", { class: "sheet-grip" }),
    el("p", { class: "dial-from" }, t("From"), " ", el("span", { text: groupPhone(me.phone) })),
    number ? el("p", { class: "dial-number", text: groupPhone(number), testid: "dial-shown" }) : typed,
    choices,
  );
  const first = number ? choices.querySelector("button") : typed;
  first?.focus({ preventScroll: true });
}

/**
 * @param {HTMLElement} body @param {import("./layers.js").Layer} layer @param {Call} call @param {Place} place
 */
async function ring(body, layer, call, place) {
  const me = page.state?.me;
  const from = call.hidden ? t("Number hidden") : `${t("From")} ${groupPhone(call.from_number ?? me?.phone ?? "")}`;
  const state = el("p", { class: "call-state", role: "status", text: t("Calling…") });
  const note = el("p", { class: "call-note", text: from });
  const rings = el(
    "div",
    { class: "rings", "aria-hidden": "true" },
    el("i"),
    el("i"),
    el("i"),
    el("b", {}, icon("phone", 30)),
  );
  const done = el("button", {
    class: "text-button is-quiet",
    text: t("Done"),
    testid: "dial-done",
    hidden: true,
    on: { click: () => layer.close() },
  });
  body.replaceChildren(
    el(
      "div",
      { class: "calling" },
      rings,
      el("p", { class: "dial-number", text: groupPhone(call.number) }),
      state,
      note,
      done,
    ),
  );
  layer.node.focus({ preventScroll: true });

  const [result] = await Promise.all([place(call), pause(calm() ? 400 : 1700)]);
  if (!result) return layer.close();
  const [word, sentence] = HEARD[result.hears ?? "dropped"] ?? [result.hears ?? "", ""];
  rings.classList.add("is-over");
  rings.classList.toggle("is-wrong", result.hears === "no such number");
  state.textContent = t(word);
  note.textContent = t(sentence);
  done.hidden = false;
  done.focus({ preventScroll: true });
  await pause(2200);
  return layer.close();
}
