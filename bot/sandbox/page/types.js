/**
 * The shapes of the sandbox's JSON API, for the editor and the reader. Nothing here runs.
 *
 * @typedef {{now: number, rate: number}} Clock seconds since 1970 on the sandbox clock, and how fast it runs
 * @typedef {{id: number, name: string, is_bot?: boolean}} Sender
 * @typedef {{id: number, name: string, language: string|null, phone: string, role: string,
 *   device?: "phone"|"desktop"}} Person the device is the Telegram they use
 * @typedef {{type: string, offset: number, length: number, url?: string, language?: string,
 *   unix_time?: number, date_time_format?: string}} Entity offsets are UTF-16 units
 * @typedef {{text: string, kind: string, data?: string, url?: string, copy?: string}} InlineButton
 * @typedef {{text: string, request_contact?: boolean}} ReplyButton
 * @typedef {{rows: ReplyButton[][], one_time?: boolean}} ReplyKeyboard
 * @typedef {{phone_number?: string, phone?: string, first_name?: string, name?: string}} Contact
 * @typedef {{url: string, width: number, height: number}} Photo
 * @typedef {{id: number, from: Sender|null, mine: boolean, date: number, edited: boolean, service: boolean,
 *   text: string, entities?: Entity[], contact?: Contact|null, photo?: Photo|null, forwarded?: boolean, inline_keyboard?: InlineButton[][]|null}} Message
 * @typedef {{id: number, type: string, title: string, username: string|null, about?: string|null,
 *   members?: number|null, my_state: string, can_write: boolean, unread: number, messages: Message[],
 *   reply_keyboard?: ReplyKeyboard|null, folded_keyboard?: ReplyKeyboard|null, blocked?: boolean, guarded?: boolean,
 *   commands?: {command: string, description: string}[]}} Chat guarded: the bot processes its join requests
 * @typedef {{where: string, kind: string, method?: string|null, times?: number|null, seconds?: number|null,
 *   code?: number|null}} Fault
 * @typedef {{url: string, group: number, title: string, query: string}} OfferedApp a guard join's Mini App, not yet closed
 * @typedef {{clock: Clock, bot: {id: number, name: string, username: string, polling?: boolean},
 *   people: Person[], me: Person, chats: Chat[], faults: Fault[], app?: OfferedApp|null}} State
 * @typedef {{seq: number, at: string, kind: string, title: string, detail: unknown, ok: boolean,
 *   ms: number|null}} TraceEntry
 * @typedef {{ok: boolean, answer?: {text: string|null, show_alert: boolean}|null, hears?: string|null,
 *   url?: string}} ActResult url: to launch a Mini App at
 */
export {};
