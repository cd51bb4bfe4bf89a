/** From a number on the screen to the phone's dialer. */

import { act } from "./act.js";
import { openDialer } from "./dialer.js";
import { toast } from "./layers.js";
import { botChat, isDesktop } from "./store.js";

/** @typedef {import("./types.js").Message} Message */

/** @param {Message} [message] @returns {string|null} the phone number it shows, or the newest one in the bot's chat */
function numberIn(message) {
  const all = [...(botChat()?.messages ?? [])].reverse();
  for (const each of message ? [message, ...all] : all) {
    const entity = each.entities?.find((one) => one.type === "phone_number");
    if (entity) return each.text.slice(entity.offset, entity.offset + entity.length);
  }
  return null;
}

/** @param {string|null} [number] @param {Message} [message] where the number may be found */
export function dial(number = null, message = undefined) {
  openDialer(number ?? numberIn(message), (call) => act({ do: "dial", ...call }));
}

/** @param {string} number touched in a message or called from an app: only a phone takes it to its dialer */
export function touchNumber(number) {
  if (isDesktop()) toast("Telegram Desktop does not dial.");
  else dial(number);
}
