/**
 * The shapes of the sandbox's JSON API, for the editor and the reader. Nothing here runs.
 *
 * @typedef {{now: number, rate: number}} Clock seconds since 1970 on the sandbox clock, and how fast it runs
 * @typedef {{id: number, name: string, is_bot?: boolean, tag?: string|null, standing?: "owner"|"admin"|null}} Sender
 * @typedef {{id: number, name: string, language: string|null, phone: string, role: string,
 *   device?: "phone"|"desktop"}} Person the device is the Telegram they use
 * @typedef {{type: string, offset: number, length: number, url?: string, language?: string,
 *   unix_time?: number, date_time_format?: string}} Entity offsets are UTF-16 units
 * @typedef {{text: string, kind: string, data?: string, url?: string, copy?: string}} InlineButton
 * @typedef {{text: string, request_contact?: boolean, request_users?: boolean}} ReplyButton
 * @typedef {{rows: ReplyButton[][], one_time?: boolean}} ReplyKeyboard
 * @typedef {{phone_number?: string, phone?: string, first_name?: string, name?: string}} Contact
 * @typedef {{id: string, name: string, size: number}} FileCard
 * @typedef {{url: string, width: number, height: number}} Photo
 * @typedef {{id: number, order: number, from: Sender|null, mine: boolean, date: number, edited: boolean,
 *   service: boolean, alone: "received"|"sent"|null, topic: number|null, reply_to: {name: string, text: string}|null,
 *   text: string, entities?: Entity[], contact?: Contact|null, document?: FileCard|null, photo?: Photo|null,
 *   forwarded?: boolean, inline_keyboard?: InlineButton[][]|null}} Message one that only this person sees is `alone`, with an id below zero
 * @typedef {{id: number, type: string, title: string, username: string|null, about?: string|null,
 *   members?: number|null, my_state: string, can_write: boolean, unread: number, messages: Message[],
 *   reply_keyboard?: ReplyKeyboard|null, folded_keyboard?: ReplyKeyboard|null, blocked?: boolean, guarded?: boolean,
 *   approves?: boolean, owner?: boolean, anonymous?: boolean, muted?: {until: number}|null, invites?: boolean,
 *   promotes?: boolean, requests?: number, topics?: {id: number, name: string}[]|null, opens_topics?: boolean,
 *   commands?: {command: string, description: string, is_ephemeral?: boolean}[]}} Chat guarded: the bot processes its
 *   join requests; requests: how many this person can decide; topics: null where there are none
 * @typedef {{id: number, name: string, is_bot: boolean, is_callgate: boolean, status: string, tag: string|null,
 *   anonymous: boolean, until: number, mute: boolean}} Member
 * @typedef {{id: number, name: string, date: number}} JoinRequest
 * @typedef {{url: string, by: string, approves: boolean, used: number, limit: number|null, works: boolean}} InviteLink
 * @typedef {{chat: number, settings: Record<string, boolean>,
 *   may: {invite: boolean, restrict: boolean, tag: boolean, promote: boolean, set_up: boolean, own: boolean, tag_self: boolean},
 *   bot: {inside: boolean, runs: boolean, rights: Record<string, boolean>}, members: Member[], more_members: number,
 *   removed: Member[], requests: JoinRequest[], links: InviteLink[]}} Info what a group's sheet shows
 * @typedef {{group: number, title: string, size: number, came: number, over: boolean, trouble: string|null}} Raid
 * @typedef {{where: string, kind: string, method?: string|null, times?: number|null, seconds?: number|null,
 *   code?: number|null}} Fault
 * @typedef {{url: string, group: number, title: string, query: string}} OfferedApp a guard join's Mini App, not yet closed
 * @typedef {{clock: Clock, bot: {id: number, name: string, username: string, polling?: boolean},
 *   tour: {person: number, group: number, since: number}|null, people: Person[], crowd: {id: number, name: string}[], raid: Raid|null, me: Person, chats: Chat[],
 *   info: Info|null, faults: Fault[], app?: OfferedApp|null}} State crowd: the strangers who came in raids
 * @typedef {{seq: number, at: string, kind: string, title: string, detail: unknown, ok: boolean,
 *   ms: number|null}} TraceEntry
 * @typedef {{ok: boolean, answer?: {text: string|null, show_alert: boolean}|null, hears?: string|null,
 *   url?: string, chat?: number|null, topic?: number}} ActResult url: to launch a Mini App at, or a new invite link;
 *   chat: where it led
 */
export {};
