/** What the person on the screen does, told to the sandbox. */

import { postAct } from "./api.js";
import { toast } from "./layers.js";
import { page, refresh, topicOf } from "./store.js";

/** @typedef {import("./types.js").Chat} Chat */
/** @typedef {import("./types.js").ActResult} ActResult */

/** @param {unknown} error @returns {string} its first line */
const errorLine = (error) => (error instanceof Error ? error.message : String(error)).split("\n")[0];

/** Does anything that may be refused, and shows why it was.
 * @template T @param {() => Promise<T>} work @returns {Promise<T|null>} null when it was refused */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    toast(errorLine(error), "bad");
    return null;
  } finally {
    void refresh();
  }
}

/** @param {Record<string, unknown>} body @returns {Promise<ActResult|null>} null when it was refused, which is then shown */
export const act = (body) => attempt(() => postAct({ as: page.as, ...body }));

/** @param {Chat} chat where the topic on the screen is written to @param {string} text @param {number} [reply] the message replied to */
export const say = (chat, text, reply) =>
  act({ do: "say", chat: chat.id, text, topic: topicOf(chat) ?? undefined, reply_to: reply });
