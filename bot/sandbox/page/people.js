/** Who holds the phone: newcomers, the group's owner, an operator, and whoever else is made up. */

import { act } from "./act.js";
import { postPerson } from "./api.js";
import { avatar } from "./avatar.js";
import { byId, el, show } from "./dom.js";
import { groupPhone, plural } from "./format.js";
import { icon } from "./icons.js";
import { closeLayers, toast } from "./layers.js";
import { hidePanel } from "./panel.js";
import { become, page, refresh } from "./store.js";

/** @type {Record<string, string>} */
const ROLES = { newcomer: "Newcomer", owner: "Owner", operator: "Operator", stranger: "Stranger" };
/** @type {["phone"|"desktop", string, string][]} what a person uses Telegram on, and how that looks */
const DEVICES = [
  ["phone", "Phone", "handset"],
  ["desktop", "Desktop", "desktop"],
];
const NAMES = {
  ru: ["Вера", "Тимур", "Лидия", "Савва", "Майя", "Глеб"],
  en: ["Maya", "Theo", "Ines", "Ravi", "June", "Omar"],
};
/** Phones that cannot be verified by a call, or hardly. @type {[string, string][]} */
const SAMPLES = [
  ["+88804561234", "Anonymous number"],
  ["+74957778899", "Landline"],
];
let adding = false;
let crowded = false;

/** @param {number} id */
function choose(id) {
  closeLayers(true);
  become(id);
  hidePanel();
}

/** @param {string} language @returns {string} one that nobody has yet, if there is one */
export const someName = (language) => {
  const names = language === "ru" ? NAMES.ru : NAMES.en;
  const taken = page.state?.people ?? [];
  return (
    names.find((name) => !taken.some((person) => person.name === name)) ?? names[taken.length % names.length]
  );
};

function addForm() {
  const name = el("input", {
    class: "field",
    name: "name",
    "aria-label": "Name",
    testid: "person-name",
    maxlength: "64",
    value: someName("ru"),
    required: true,
  });
  const language = el(
    "select",
    { class: "field", "aria-label": "Language", testid: "person-language" },
    el("option", { value: "ru", text: "Русский" }),
    el("option", { value: "en", text: "English" }),
  );
  const phone = el(
    "select",
    { class: "field", "aria-label": "Phone", testid: "person-phone" },
    el("option", { value: "", text: "A new mobile number" }),
    ...SAMPLES.map(([number, text]) => el("option", { value: number, text: `${text}: ${groupPhone(number)}` })),
    ...(page.state?.people ?? []).map((person) =>
      el("option", { value: person.phone, text: `Same phone as ${person.name}` }),
    ),
  );
  let own = false;
  name.addEventListener("input", () => (own = true));
  language.addEventListener("change", () => {
    if (!own) name.value = someName(language.value);
  });
  const add = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      const answer = await postPerson({
        name: name.value.trim(),
        language: language.value,
        ...(phone.value ? { phone: phone.value } : {}),
      });
      const person = answer.person ?? answer;
      adding = false;
      await refresh();
      if (person.id) choose(person.id);
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), "bad");
    }
  };
  return el(
    "form",
    { class: "add-person", on: { submit: add } },
    name,
    phone,
    language,
    el("button", { class: "primary is-small", type: "submit", text: "Add", testid: "person-add" }),
  );
}

/** @param {string} device the one in use */
const deviceSwitch = (device) =>
  el(
    "div",
    { class: "segments device", role: "group", "aria-label": "Uses Telegram on" },
    ...DEVICES.map(([name, text, sign]) =>
      el(
        "button",
        {
          class: "segment",
          testid: `device-${name}`,
          "aria-pressed": String(name === device),
          on: { click: () => void act({ do: "device", text: name }) },
        },
        icon(sign, 16),
        text,
      ),
    ),
  );

/** @param {number} id @param {string} language @returns {HTMLElement} switches their Telegram between two languages */
const languageChip = (id, language) => {
  const other = language === "ru" ? "en" : "ru";
  return el("button", {
    class: "lang",
    testid: `language-${id}`,
    text: language,
    title: `Switch to ${other.toUpperCase()}`,
    "aria-label": `Language ${language}. Switch to ${other}`,
    on: { click: () => void act({ as: id, do: "language", text: other }) },
  });
};

/** @param {import("./types.js").Person} person @returns {HTMLElement} their phone can be picked up */
function personItem(person) {
  const held = person.id === page.state?.me.id;
  return el(
    "li",
    { class: "person-item" },
    el(
      "button",
      {
        class: "person",
        testid: `role-${person.id}`,
        "aria-pressed": String(held),
        on: { click: () => choose(person.id) },
      },
      avatar(person, "s"),
      el(
        "span",
        { class: "person-words" },
        el(
          "span",
          { class: "person-name" },
          el("bdi", { text: person.name }),
          person.device === "desktop" &&
            el("span", { class: "person-device", title: "Uses Telegram Desktop" }, icon("desktop", 15)),
        ),
        el("small", { text: `${ROLES[person.role] ?? person.role} · ${groupPhone(person.phone)}` }),
      ),
    ),
    person.language && languageChip(person.id, person.language),
    held && deviceSwitch(person.device ?? "phone"),
  );
}

/** Strangers are many: they stand in the list as one, and only the one whose phone is held by name.
 * @param {() => void} draw @returns {HTMLElement} */
function crowdItem(draw) {
  const { crowd, me } = /** @type {import("./types.js").State} */ (page.state);
  const toggle = el(
    "button",
    {
      class: "person",
      testid: "crowd",
      "aria-expanded": String(crowded),
      on: {
        click: () => {
          crowded = !crowded;
          draw();
        },
      },
    },
    el("span", { class: "avatar is-s is-crowd" }, icon("crowd", 18)),
    el(
      "span",
      { class: "person-words" },
      el("span", { class: "person-name", text: "The crowd" }),
      el("small", { text: plural(crowd.length, "stranger") }),
    ),
    icon(crowded ? "down" : "next", 17),
  );
  const list = el(
    "ul",
    { class: "crowd", "aria-label": "Strangers" },
    ...crowd.map((stranger) =>
      el(
        "li",
        {},
        el(
          "button",
          {
            class: "stranger",
            testid: `stranger-${stranger.id}`,
            "aria-pressed": String(stranger.id === me.id),
            on: { click: () => choose(stranger.id) },
          },
          el("bdi", { text: stranger.name }),
        ),
      ),
    ),
  );
  return el("li", {}, toggle, crowded && list);
}

export function drawPeople() {
  const state = page.state;
  if (!state) return;
  const draw = () =>
    show(byId("people"), [state.people, state.me, state.crowd.length, adding, crowded], () => [
      el(
        "header",
        { class: "card-head" },
        el("h2", { class: "card-title", id: "people-title", text: "Whose phone" }),
        el(
          "button",
          {
            class: "small-button",
            testid: "new-person",
            "aria-expanded": String(adding),
            on: {
              click: () => {
                adding = !adding;
                draw();
                byId("people").querySelector("input")?.select();
              },
            },
          },
          icon("plus", 15),
          "New person",
        ),
      ),
      adding && addForm(),
      el(
        "ul",
        { class: "people" },
        ...state.people.map(personItem),
        state.me.role === "stranger" && personItem(state.me),
        state.crowd.length > 0 && crowdItem(draw),
      ),
    ]);
  draw();
}
