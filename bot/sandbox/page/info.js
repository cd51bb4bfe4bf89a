/** A group's sheet: who is in it and how they stand; for who runs it, all that can be decided there. */

import { act } from "./act.js";
import { avatar } from "./avatar.js";
import { el, show } from "./dom.js";
import { icon } from "./icons.js";
import { botRows, decisions, endRows, linkRows, settingRows } from "./inforows.js";
import { actionSheet, openLayer } from "./layers.js";
import { memberDeeds, openMember, standing } from "./member.js";
import { subtitle } from "./preview.js";
import { personRow, section } from "./rows.js";
import { page, refresh } from "./store.js";

/** @typedef {import("./types.js").Chat} Chat */
/** @typedef {import("./types.js").Info} Info */
/** @typedef {import("./types.js").Member} Member */

const PARTS = ["head", "requests", "bot", "settings", "links", "members", "removed", "end"];

/** @type {{chat: number, layer: import("./layers.js").Layer, parts: Record<string, HTMLElement>}|null} */
let sheet = null;

/** @param {Chat} chat */
export function openInfo(chat) {
  if (sheet) return;
  const parts = Object.fromEntries(PARTS.map((name) => [name, el("div")]));
  const close = el(
    "button",
    {
      class: "icon-button",
      "aria-label": "Close",
      testid: "info-close",
      on: { click: () => layer.close() },
    },
    icon("close"),
  );
  const kind = chat.type === "channel" ? "Channel" : "Group";
  const bar = el("div", { class: "info-bar" }, close, el("h2", { text: kind }), el("span"));
  const body = el("div", { class: "info-body", tabindex: "-1" }, ...Object.values(parts));
  const layer = openLayer(el("div", { class: "info" }, bar, body), {
    label: `About ${chat.title}`,
    kind: "full",
    testid: "info",
    onClose: () => {
      sheet = null;
      page.info = null;
    },
  });
  sheet = { chat: chat.id, layer, parts };
  page.info = chat.id;
  void refresh();
}

/** @param {Chat} chat @param {Info} info @param {Member} member */
function memberRow(chat, info, member) {
  const stands = standing(member);
  const self = member.id === page.as;
  const does = memberDeeds(chat, info, member).length > 0;
  const hint = [self && "you", member.is_bot && "bot", member.tag].filter(Boolean).join(" · ");
  return personRow(
    { id: member.id, name: member.name, bot: member.is_callgate },
    {
      hint,
      mark: stands?.word,
      warn: stands?.warn,
      testid: `member-${member.id}`,
      run: does ? () => openMember(chat, info, member) : null,
    },
  );
}

/** @param {Chat} chat @param {Info} info */
function addSomebody(chat, info) {
  const state = page.state;
  if (!state) return;
  const inside = new Set(info.members.map((member) => member.id));
  const people = [...state.people, { id: state.bot.id, name: state.bot.name }].filter(
    (person) => !inside.has(person.id),
  );
  actionSheet(
    "Add a member",
    people.map((person) => ({
      text: person.name,
      icon: person.id === state.bot.id ? "gate" : "person",
      testid: `add-${person.id}`,
      run: () => void act({ do: "add", chat: chat.id, person: person.id }),
    })),
    people.length ? undefined : "Everybody is in already.",
  );
}

/** @param {Chat} chat @param {Info} info @returns {Node[]} */
function memberSection(chat, info) {
  const rows = info.members.map((member) => memberRow(chat, info, member));
  if (chat.invites && chat.type !== "channel") {
    const add = el(
      "button",
      { class: "row is-action", testid: "add-member", on: { click: () => addSomebody(chat, info) } },
      icon("plus", 20),
      el("span", { class: "row-words", text: "Add a member" }),
    );
    rows.unshift(add);
  }
  const others = Math.max(0, (chat.members ?? 0) - info.members.length);
  const hidden = info.settings.hides_members && !info.may.restrict;
  const note = hidden
    ? "The other members are hidden."
    : others
      ? `And ${others.toLocaleString("en")} more.`
      : undefined;
  return [section(chat.type === "channel" ? "Subscribers" : "Members", rows, note)];
}

/** @param {Chat} chat @returns {Node[]} */
const head = (chat) => [
  el(
    "div",
    { class: "info-head" },
    avatar({ id: chat.id, name: chat.title }, "xl"),
    el("h3", { class: "preview-title", dir: "auto", text: chat.title }),
    el("p", { class: "preview-sub", text: subtitle(chat) }),
    chat.about && el("p", { class: "preview-about", dir: "auto", text: chat.about }),
  ),
];

/** Draws the sheet that stands open, if one does; a group one is no more in takes its sheet along. */
export function drawInfo() {
  const state = page.state;
  if (!sheet || !state) return;
  const { chat: id, layer, parts } = sheet;
  const chat = state.chats.find((one) => one.id === id);
  if (!chat || !["member", "admin"].includes(chat.my_state)) return layer.close();
  const info = state.info?.chat === id ? state.info : null;
  show(parts.head, [chat.title, chat.about, chat.members, chat.type], () => head(chat));
  if (!info) return;
  const { may } = info;
  const admin = chat.my_state === "admin";
  /** @type {[string, unknown, () => (Node|null|false)[]][]} */
  const drawn = [
    ["requests", [info.requests, chat.requests], () => decisions(chat, info)],
    ["bot", admin && [info.bot, chat.guarded, may], () => botRows(chat, info)],
    ["settings", admin && [info.settings, may, chat.type], () => settingRows(chat, info)],
    ["links", [info.links, may.invite], () => linkRows(chat, info)],
    [
      "members",
      [info.members, chat.members, may, info.settings, chat.invites],
      () => memberSection(chat, info),
    ],
    [
      "removed",
      [info.removed, may],
      () => [
        info.removed.length > 0 &&
          section(
            "Outside",
            info.removed.map((member) => memberRow(chat, info, member)),
          ),
      ],
    ],
    ["end", [may.own, chat.type], () => endRows(chat, info)],
  ];
  for (const [name, shown, build] of drawn) show(parts[name], shown, () => (shown ? build() : []));
  return undefined;
}
