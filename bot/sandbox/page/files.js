/** Files from this machine, sent as documents. */

import { act } from "./act.js";
import { toast } from "./layers.js";

/** @typedef {import("./types.js").Chat} Chat */

/** What the sandbox takes. */
const LARGEST = 512 * 1024;

/** @param {File} file @returns {Promise<string>} its bytes in base64 */
function inBase64(file) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => done(String(reader.result).replace(/^[^,]*,/, "")));
    reader.addEventListener("error", () => fail(reader.error));
    reader.readAsDataURL(file);
  });
}

/** @param {Chat} chat @param {File} file */
export async function sendFile(chat, file) {
  if (!file.size) return void toast("An empty file cannot be sent.", "bad");
  if (file.size > LARGEST) return void toast("The page sends files of up to 512 KB.", "bad");
  return act({ do: "send_file", chat: chat.id, name: file.name.slice(0, 255), data: await inBase64(file) });
}
