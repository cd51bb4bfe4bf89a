/** One member of a group, and what the person on the screen can do with them. */

import { act } from "./act.js";
import { untilWords } from "./clock.js";
import { actionSheet } from "./layers.js";
import { askText } from "./prompt.js";
import { page } from "./store.js";

/** @typedef {import("./types.js").Chat} Chat */
/** @typedef {import("./types.js").Info} Info */
/** @typedef {import("./types.js").Member} Member */
/** @typedef {{text: string, hint?: string, icon: string, danger?: boolean, testid: string, run: () => void}} Item */

/** @param {Member} member @returns {{word: string, warn: boolean}|null} how they stand in the group */
export function standing(member) {
  const until = member.until ? ` until ${untilWords(member.until)}` : "";
  switch (member.status) {
    case "creator":
      return { word: member.anonymous ? "owner, anonymous" : "owner", warn: false };
    case "administrator":
      return { word: member.anonymous ? "admin, anonymous" : "admin", warn: false };
    case "restricted":
      return { word: `${member.mute ? "muted" : "restricted"}${until}`, warn: true };
    case "kicked":
      return { word: `removed${until}`, warn: true };
    default:
      return null;
  }
}

/** @param {Chat} chat @param {Member} member */
async function retag(chat, member) {
  const self = member.id === page.as;
  const text = await askText({
    title: self ? "Your tag" : `Tag of ${member.name}`,
    text: "Everybody sees it beside the name. Leave it empty to take it away.",
    label: "Tag, 16 characters",
    value: member.tag ?? "",
    yes: "Set",
    maxlength: 16,
    empty: true,
  });
  if (text !== null) await act({ do: "tag", chat: chat.id, person: member.id, text });
}

/** @param {Chat} chat @param {Info} info @param {Member} member @returns {Item[]} */
export function memberDeeds(chat, info, member) {
  const { may } = info;
  if (member.is_callgate) return [];
  const self = member.id === page.as;
  const runs = ["creator", "administrator"].includes(member.status);
  const inside = !["left", "kicked"].includes(member.status);
  const removed = info.removed.some((one) => one.id === member.id);
  const treats = may.restrict && !self && member.status !== "creator" && (!runs || may.own);
  const run =
    (/** @type {string} */ what, /** @type {object} */ more = {}) =>
    () =>
      void act({ do: what, chat: chat.id, person: member.id, ...more });
  /** @type {(Item|false)[]} */
  const items = [
    treats &&
      member.status === "restricted" && {
        text: "Lift the restriction",
        icon: "voice",
        testid: "free",
        run: run("free"),
      },
    treats &&
      member.status === "member" &&
      chat.type === "supergroup" && { text: "Mute", icon: "mute", testid: "restrict", run: run("restrict") },
    treats &&
      member.status === "member" &&
      chat.type === "supergroup" && {
        text: "Mute for an hour",
        icon: "clock",
        testid: "restrict-hour",
        run: run("restrict", { seconds: 3600 }),
      },
    (self ? may.tag_self : may.tag) &&
      inside &&
      !removed &&
      !runs &&
      chat.type !== "channel" && {
        text: self ? "Change my tag…" : "Set a tag…",
        icon: "tag",
        testid: "tag",
        run: () => void retag(chat, member),
      },
    may.promote &&
      !self &&
      !removed &&
      !member.is_bot &&
      member.status === "member" && {
        text: "Make an administrator",
        icon: "shield",
        testid: "promote",
        run: run("promote"),
      },
    chat.type === "supergroup" &&
      ((self && may.own) || (may.promote && !self && member.status === "administrator")) && {
        text: member.anonymous ? "Show under their own name" : "Hide behind the group’s name",
        hint: member.anonymous ? undefined : "They write as the group, anonymously",
        icon: member.anonymous ? "person" : "mask",
        testid: "anonymous",
        run: run("promote", { anonymous: !member.anonymous }),
      },
    may.promote &&
      !self &&
      member.status === "administrator" && {
        text: "Make an ordinary member",
        icon: "person",
        testid: "demote",
        run: run("demote"),
      },
    treats &&
      inside &&
      !removed && { text: "Remove", icon: "block", danger: true, testid: "ban", run: run("ban") },
    treats &&
      member.status === "kicked" && { text: "Let come back", icon: "check", testid: "unban", run: run("unban") },
  ];
  return items.filter((item) => item !== false);
}

/** @param {Chat} chat @param {Info} info @param {Member} member */
export function openMember(chat, info, member) {
  const note = [standing(member)?.word, member.tag && `tag “${member.tag}”`].filter(Boolean).join(" · ");
  actionSheet(member.name, memberDeeds(chat, info, member), note || undefined);
}
