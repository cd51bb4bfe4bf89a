/** What stands under the head of a group: who asks to come in, and the topics of a forum. */

import { act } from "./act.js";
import { el, show } from "./dom.js";
import { plural } from "./format.js";
import { icon } from "./icons.js";
import { openInfo } from "./info.js";
import { askText } from "./prompt.js";
import { chooseTopic, isOutside, topicOf } from "./store.js";

/** @typedef {import("./types.js").Chat} Chat */

/** @param {HTMLElement} host @param {Chat} chat */
export function drawRequests(host, chat) {
  const count = chat.requests ?? 0;
  host.hidden = !count;
  show(host, [chat.id, count], () => [
    el(
      "button",
      { class: "requests-bar", testid: "requests-bar", on: { click: () => openInfo(chat) } },
      icon("people", 18),
      el("span", { text: `${plural(count, "request")} to join` }),
      icon("next", 16),
    ),
  ]);
}

/** @param {Chat} chat */
async function begin(chat) {
  const text = await askText({ title: "New topic", label: "Name of the topic", yes: "Begin", maxlength: 128 });
  if (!text) return;
  const result = await act({ do: "open_topic", chat: chat.id, text });
  if (result?.topic) chooseTopic(chat, result.topic);
}

/** @param {HTMLElement} host @param {Chat} chat */
export function drawTopics(host, chat) {
  host.hidden = !chat.topics || isOutside(chat);
  const chosen = topicOf(chat);
  const all = [{ id: null, name: "General" }, ...(chat.topics ?? [])];
  show(host, [chat.id, all, chosen, chat.opens_topics], () => [
    ...all.map(({ id, name }) =>
      el("button", {
        class: "topic",
        dir: "auto",
        text: name,
        testid: `topic-${id ?? "general"}`,
        "aria-pressed": String(id === chosen),
        on: { click: () => chooseTopic(chat, id) },
      }),
    ),
    chat.opens_topics &&
      el(
        "button",
        {
          class: "topic is-new",
          "aria-label": "New topic",
          title: "New topic",
          testid: "topic-new",
          on: { click: () => void begin(chat) },
        },
        icon("plus", 16),
      ),
  ]);
}
