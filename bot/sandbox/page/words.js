/** Telegram's own words on the phone, in the language of whoever holds it. */

import { page } from "./store.js";

/** @type {Record<string, string>} */
const RUSSIAN = {
  Chats: "Чаты",
  Message: "Сообщение",
  Join: "Вступить",
  Removed: "Удалён",
  "Request to join": "Подать заявку",
  "Request sent": "Заявка отправлена",
  "Join group": "Вступить в группу",
  "Join channel": "Подписаться",
  "You cannot join": "Вступить нельзя",
  "You were removed from this group.": "Вас удалили из этой группы.",
  "You were removed from this channel.": "Вас удалили из этого канала.",
  "New members need approval.": "Новых участников одобряют администраторы.",
  "Anybody can join.": "Вступить может каждый.",
  "An administrator can let you come back.": "Вернуть вас может администратор.",
  "You are let in as soon as it is approved. Look into your other chats.": "Вы войдёте, как только заявку одобрят. Загляните в другие чаты.",
  "You are in at once.": "Вы войдёте сразу.",
  "A bot looks at your request at once.": "Бот сразу рассмотрит заявку.",
  "An administrator, or a bot, looks at your request.": "Заявку рассмотрит администратор или бот.",
  "Share your phone number?": "Поделиться номером телефона?",
  Share: "Поделиться",
  Cancel: "Отмена",
  Call: "Позвонить",
  From: "С номера",
  "Call from": "Позвонить с номера",
  "Call from another number": "Позвонить с другого номера",
  "As from a second phone": "Как со второго телефона",
  "Hide my number": "Скрыть мой номер",
  "The other side sees no number": "На той стороне номера не увидят",
  "Do not call": "Не звонить",
  "Calling…": "Звоним…",
  "Number hidden": "Номер скрыт",
  Done: "Готово",
  "Call dropped: free": "Звонок сброшен: бесплатно",
  "One short ring, then it hung up. That is how it should be.": "Короткий гудок и отбой. Так и должно быть.",
  "“The number is unavailable”, the line said. That is how it should be.": "«Номер недоступен», сказали в трубке. Так и должно быть.",
  "No such number": "Нет такого номера",
  "The line said that this number does not exist.": "В трубке сказали, что такого номера нет.",
  "Pick up the phone": "Взять телефон",
};

/** @param {string} english @returns {string} */
export const t = (english) =>
  (page.state?.me.language?.startsWith("ru") ? RUSSIAN[english] : undefined) ?? english;
