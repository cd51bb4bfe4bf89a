/** The story above the trace: what the exchanges mean, in a sentence each. */

import { byId, el, show } from "./dom.js";
import { readersLanguage } from "./guide-words.js";
import { onTrace } from "./trace.js";

/** @typedef {import("./types.js").TraceEntry} TraceEntry */

const MOST = 3;
/** @type {string[]} */
let lines = [];
let caller = "";
/** How many requests to join the newest line tells of. */
let asking = 0;
/** When the gateway reported a call, until something comes of it. @type {number|null} */
let heardAt = null;

/** @param {string} en @param {string} ru @returns {string} */
const say = (en, ru) => (readersLanguage() === "ru" ? ru : en);

/** Kind and title of an exchange, and what it means; the newest line may go on. @type {[string, RegExp, (found: string[], entry: TraceEntry) => string][]} */
const MEANINGS = [
  ["update", /^chat_join_request ← (.+?)(?: in (.+))?$/, ([, who]) => asks(who)],
  ["gateway", /^wait_call .*→ (\+\d+)/, ([, number]) => say(`Callgate asked the gateway for a number → ${number}`, `Callgate попросил у шлюза номер → ${number}`)],
  ["gateway", /^wait_call [^:]*: *(.+)$/, ([, why]) => say(`The gateway gave no number: ${why}`, `Шлюз не дал номера: ${why}`)],
  [
    "phone",
    /^(.+) \(.*\) calls (\+\d+): /,
    ([, who, number]) => {
      caller = who;
      return say(`${who} called ${number}`, `${who} звонит на ${number}`);
    },
  ],
  [
    "callback",
    /→ 200/,
    (_, entry) => {
      heardAt = Date.parse(entry.at);
      return say(`The gateway heard ${caller}’s call`, `Шлюз услышал звонок: ${caller}`);
    },
  ],
  ["bot_api", /^approveChatJoinRequest → (.+?) in /, ([, who], entry) => say(`Callgate let ${who} in`, `Callgate пускает: ${who}`) + since(entry)],
  ["bot_api", /^declineChatJoinRequest → (.+?) in /, ([, who]) => say(`Callgate declined ${who}’s request`, `Callgate отклоняет заявку: ${who}`)],
  ["fault", /^(.+)$/, ([, what]) => say(`Broken on purpose: ${what}`, `Сломано нарочно: ${what}`)],
];

/** @param {string} who @returns {string} one line for all who ask one after the other */
function asks(who) {
  asking += 1;
  if (asking === 1) return say(`${who} asked to join`, `${who}: заявка на вступление`);
  return say(`${who} and ${asking - 1} more asked to join`, `${who} и ещё ${asking - 1}: заявки на вступление`);
}

/** @param {TraceEntry} entry @returns {string} how long after the gateway's report */
function since(entry) {
  if (heardAt === null) return "";
  const seconds = Math.max(0, Date.parse(entry.at) - heardAt) / 1000;
  return `, ${seconds.toLocaleString(readersLanguage(), { minimumFractionDigits: 1, maximumFractionDigits: 1 })} ${say("s", "с")}`;
}

/** @param {TraceEntry} entry */
function hear(entry) {
  for (const [kind, pattern, mean] of MEANINGS) {
    const found = entry.kind === kind && pattern.exec(entry.title);
    if (!found) continue;
    const another = asking > 0 && entry.kind === "update";
    if (entry.kind !== "update") asking = 0;
    if (another) lines.pop();
    const goesOn = entry.kind === "bot_api" && heardAt !== null;
    const line = mean([...found], entry);
    if (goesOn) lines[lines.length - 1] += ` → ${line}`;
    else lines.push(line);
    if (entry.kind !== "callback") heardAt = null;
    lines = lines.slice(-MOST);
    return draw();
  }
}

const draw = () =>
  show(byId("story"), lines, () => lines.map((line) => el("li", { testid: "story-line", dir: "auto", text: line })));

/** Tells nothing of the set-up. */
export function forgetStory() {
  lines = [];
  heardAt = null;
  draw();
}

export function startStory() {
  onTrace(hear);
}
