/** The parts of a group's sheet for those who run it: requests, the bot, settings, links, ends. */

import { act } from "./act.js";
import { clockTime } from "./clock.js";
import { copyText, el } from "./dom.js";
import { plural } from "./format.js";
import { icon } from "./icons.js";
import { confirmDialog, toast } from "./layers.js";
import { lead } from "./links.js";
import { deedRow, personRow, section, switchRow } from "./rows.js";
import { page } from "./store.js";

/** @typedef {import("./types.js").Chat} Chat */
/** @typedef {import("./types.js").Info} Info */

const botName = () => page.state?.bot.name ?? "the bot";

/** @type {[string, string, string][]} what the bot can be allowed, and what for */
const RIGHTS = [
  ["can_invite_users", "Invite users", "person"],
  ["can_restrict_members", "Restrict and remove members", "mute"],
  ["can_manage_tags", "Manage tags", "tag"],
  ["can_delete_messages", "Delete messages", "trash"],
];

/** @type {[string, string, string, string][]} */
const SETTINGS = [
  ["approves", "Approve new members", "Who wants to join has to ask", "lock"],
  ["hides_members", "Hide members", "Nobody is told who comes and goes", "hidden"],
  ["forum", "Topics", "Messages are sorted into topics", "topics"],
  ["edit_tags", "Members change their own tags", "", "tag"],
];

/** @param {string} do_ @param {Chat} chat @param {{id: number, name: string}} who */
const decide = (do_, chat, who) =>
  el(
    "button",
    {
      class: `decide is-${do_}`,
      "aria-label": `${do_ === "approve" ? "Let in" : "Decline"} ${who.name}`,
      title: do_ === "approve" ? "Let in" : "Decline",
      testid: `${do_}-${who.id}`,
      on: { click: () => void act({ do: do_, chat: chat.id, person: who.id }) },
    },
    icon(do_ === "approve" ? "check" : "close", 19),
  );

/** @param {Chat} chat @param {Info} info @returns {(Node|false)[]} */
export function decisions(chat, info) {
  const count = chat.requests ?? 0;
  const more = count - info.requests.length;
  return [
    count > 0 &&
      section(
        `${plural(count, "request")} to join`,
        [
          el(
            "div",
            { class: "requests", testid: "requests", tabindex: count > 4 ? "0" : null, role: "group", "aria-label": "Requests to join" },
            ...info.requests.map((request) =>
              personRow(request, {
                hint: `asked at ${clockTime(request.date)}`,
                testid: `request-${request.id}`,
                end: [decide("decline", chat, request), decide("approve", chat, request)],
              }),
            ),
          ),
        ],
        more > 0 ? `And ${more.toLocaleString("en")} more.` : undefined,
      ),
  ];
}

/** @param {Chat} chat @param {Info} info @returns {Node[]} */
export function botRows(chat, info) {
  const { bot, may } = info;
  const run =
    (/** @type {string} */ what, /** @type {object} */ more = {}) =>
    () =>
      void act({ do: what, chat: chat.id, ...more });
  if (!may.promote)
    return [
      section(botName(), [
        el("p", {
          class: "row is-still",
          text: bot.runs ? "It is an administrator here." : bot.inside ? "It is a member here." : "It is not here.",
        }),
      ]),
    ];
  const rights = RIGHTS.map(([right, text, sign]) =>
    switchRow({
      icon: sign,
      text,
      on: bot.rights[right],
      testid: `right-${right}`,
      run: run("bot_right", { right, on: !bot.rights[right] }),
    }),
  );
  const guard = switchRow({
    icon: "shield",
    text: `Process join requests: ${botName()}`,
    hint: "Telegram shows its app to who wants to join",
    on: Boolean(chat.guarded),
    testid: "guard-toggle",
    run: run("guard", { on: !chat.guarded }),
  });
  return [
    section(
      botName(),
      [
        !bot.runs &&
          deedRow({
            icon: "shield",
            text: "Make it an administrator",
            hint: "With the right to let members in",
            testid: "make-admin",
            run: run("make_admin"),
          }),
        ...(bot.runs ? rights : []),
        bot.runs && may.own && chat.type !== "group" && guard,
        bot.runs &&
          deedRow({ icon: "person", text: "Make it an ordinary member", testid: "demote-bot", run: run("demote_bot") }),
        bot.inside &&
          deedRow({ icon: "block", text: "Remove it", danger: true, testid: "remove-bot", run: run("remove_bot") }),
      ],
      bot.runs ? undefined : bot.inside ? "It is an ordinary member." : "It is not in this chat.",
    ),
  ];
}

/** @param {Chat} chat @param {Info} info @returns {(Node|false)[]} */
export function settingRows(chat, info) {
  const able = chat.type === "supergroup" && info.may.set_up;
  return [
    able &&
      section(
        "Settings",
        SETTINGS.map(([name, text, hint, sign]) =>
          switchRow({
            icon: sign,
            text,
            hint,
            on: info.settings[name],
            testid: `setting-${name}`,
            run: () => void act({ do: "setting", chat: chat.id, name, on: !info.settings[name] }),
          }),
        ),
      ),
  ];
}

/** @param {string} url */
async function copyLink(url) {
  await copyText(url);
  toast("The link is copied", "good");
}

/** @param {Chat} chat @param {boolean} approves */
async function makeLink(chat, approves) {
  const result = await act({ do: "make_link", chat: chat.id, approves });
  if (result?.url) await copyLink(result.url);
}

/** @param {Chat} chat @param {Info} info @returns {(Node|false)[]} */
export function linkRows(chat, info) {
  const links = info.links.map((link) =>
    el(
      "button",
      {
        class: "row is-link",
        testid: "invite-link",
        title: "Copy the link",
        data: { key: link.url },
        on: { click: () => void copyLink(link.url) },
      },
      icon("link", 20),
      el(
        "span",
        { class: "row-words" },
        el("span", { class: "row-line", text: link.url.replace("https://", "") }),
        el("small", {
          dir: "auto",
          text: `${link.approves ? "By request" : "In at once"} · by ${link.by} · used ${link.used}${link.limit ? ` of ${link.limit}` : ""}`,
        }),
      ),
      link.works ? icon("copy", 17) : el("span", { class: "row-mark is-warn", text: "expired" }),
    ),
  );
  return [
    info.may.invite &&
      section("Invite links", [
        ...links,
        deedRow({
          icon: "plus",
          text: "New link, in at once",
          testid: "new-link",
          run: () => void makeLink(chat, false),
        }),
        deedRow({
          icon: "plus",
          text: "New link, by request",
          testid: "new-link-request",
          run: () => void makeLink(chat, true),
        }),
      ]),
  ];
}

/** @param {Chat} chat @param {string} title @param {string} yes @param {Record<string, unknown>} body */
async function certain(chat, title, yes, body) {
  const sure = await confirmDialog({ title, yes, no: "Cancel", yesTestid: "certain" });
  if (sure) await lead({ chat: chat.id, ...body });
}

/** @param {Chat} chat @param {Info} info @returns {Node[]} */
export function endRows(chat, info) {
  const kind = chat.type === "channel" ? "channel" : "group";
  return [
    section("", [
      info.may.own &&
        chat.type === "group" &&
        deedRow({
          icon: "up",
          text: "Upgrade to a supergroup",
          testid: "upgrade",
          run: () => void lead({ do: "upgrade", chat: chat.id }),
        }),
      deedRow({
        icon: "leave",
        text: `Leave the ${kind}`,
        danger: true,
        testid: "leave",
        run: () => void certain(chat, `Leave “${chat.title}”?`, "Leave", { do: "leave" }),
      }),
      info.may.own &&
        deedRow({
          icon: "trash",
          text: `Delete the ${kind} for everybody`,
          danger: true,
          testid: "delete",
          run: () => void certain(chat, `Delete “${chat.title}” for everybody?`, "Delete", { do: "delete" }),
        }),
    ]),
  ];
}
