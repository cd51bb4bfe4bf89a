/**
 * The admin console. It continues the session that app.js began, asks the server for what it shows, and does nothing
 * by itself: every button is a request, and the server checks the admin's rights each time.
 */

const at = (id) => document.getElementById(id);
const { root, outside: OUTSIDE, offline: OFFLINE } = document.body.dataset;
const initData = new URLSearchParams(location.hash.slice(1)).get("tgWebAppData") ?? "";
const LOOK = 4000; // ms between two looks at the group that is open
const GATES_EVERY = 5; // looks at it for each look at the list
const AGAIN = 500; // ms until asking again while the bot asks Telegram
const PATIENCE = 40; // how often
const SAID_FOR = 6000;
const PAGE = 25;
const wide = matchMedia("(min-width: 48rem)");

let labels = {};
let session = "";
let telegram = null;
let list = []; // the groups
let gate = 0; // the id of the group that is open
let facts = null; // what the server said of it
let limit = PAGE;
let asked = 0; // the number of the newest request about it
let looks = 0; // how often the page looked
let isOver = false;
let hasOpened = false;
let timer = 0;
let checking = 0; // the timer of the next look at the list while the bot asks Telegram
let saidUntil = 0;
let typing = 0;
const rows = new Map(); // of the people shown, by id: { person, done, busy, drawn, element }

/** An element with a class, a text, and children. */
function make(tag, name = "", text = "", ...children) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  element.append(...children);
  return element;
}

function put(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text;
}

/** `isShown`: the page itself shows it, so only screen readers need it here. */
function say(text, isShown = false) {
  at("says").classList.toggle("sr", isShown);
  put("says", text);
  clearTimeout(saidUntil);
  if (text) saidUntil = setTimeout(() => put("says", ""), SAID_FOR);
}

function outside() {
  isOver = true;
  gate = 0;
  statistics.forget();
  at("confirm").close();
  document.body.dataset.view = "gates";
  at("gates").replaceChildren();
  at("card").hidden = true;
  put("choose", "");
  put("note", labels.outside ?? OUTSIDE);
}

const pause = (time) => new Promise((done) => setTimeout(done, time));

/** Ask the server; the answer with its status. Throws when there is no answer. */
async function ask(path, body) {
  const headers = { Authorization: `Bearer ${session}`, "X-Callgate": "app" };
  const answer = await fetch(`${root}/app/console/${path}`, {
    method: body ? "POST" : "GET",
    cache: "no-store",
    headers: body ? { ...headers, "Content-Type": "application/json" } : headers,
    body: body && JSON.stringify(body),
  });
  if (answer.status === 401) outside();
  else if (![200, 202, 403].includes(answer.status)) throw new Error(String(answer.status));
  return { ...(await answer.json()), status: answer.status };
}

/** The same, again and again while the bot asks Telegram what the reader may do; null once it is not wanted. */
async function insist(path, body, isWanted = () => true) {
  for (let tries = 0; tries < PATIENCE; tries += 1) {
    const told = await ask(path, body);
    if (!isWanted()) return null;
    if (told.status !== 202) return told;
    if (tries === 1) say(labels.checking);
    await pause(AGAIN);
  }
  throw new Error("no answer of Telegram");
}

/* The groups */

async function lookAtGates() {
  const told = await ask("gates");
  if (told.status !== 200) return;
  relabel(told);
  // What was on show stays there while the bot asks Telegram about it.
  const known = new Set(told.gates.map(({ id }) => id));
  list = [...told.gates, ...list.filter(({ id }) => told.unchecked && !known.has(id))];
  const isEmpty = !list.length && !told.unchecked;
  put("note", told.unchecked ? labels.checking : isEmpty ? labels.no_gates : told.more);
  drawGates();
  clearTimeout(checking);
  if (told.unchecked) checking = setTimeout(() => isOver || document.hidden || lookAtGates().catch(() => {}), 2 * AGAIN);
  const isOnly = list.length === 1 && !told.unchecked && !hasOpened;
  if (!gate && list.length && (wide.matches || isOnly)) open((list.find((line) => line.waiting) ?? list[0]).id);
}

function relabel(told) {
  labels = told.labels;
  document.documentElement.lang = told.language;
  document.title = labels.title;
  for (const element of document.querySelectorAll("[data-label]")) {
    const text = labels[element.dataset.label];
    if (element.textContent !== text) element.textContent = text;
  }
  at("search").placeholder = labels.search;
  at("search").setAttribute("aria-label", labels.search);
}

function drawGates() {
  const text = JSON.stringify([list, gate]);
  if (at("gates").dataset.drawn === text) return;
  at("gates").dataset.drawn = text;
  const focused = document.activeElement?.dataset.gate;
  at("gates").replaceChildren(...list.map((line) => make("li", "", "", gateButton(line))));
  if (focused) document.querySelector(`[data-gate="${focused}"]`)?.focus();
}

function gateButton(line) {
  const dot = make("span", `dot ${line.tone}`);
  const button = make("button", "gate", "", dot, make("span", "title", line.title), make("span", "name", line.name));
  button.type = "button";
  button.dataset.gate = line.id;
  button.setAttribute("aria-current", String(line.id === gate));
  if (line.waiting) {
    const count = make("span", "count", String(line.waiting));
    count.ariaHidden = "true";
    button.append(count, make("span", "sr", line.waits));
  }
  button.addEventListener("click", () => open(line.id, true));
  return button;
}

/* One group */

function open(id, byReader = false) {
  const line = list.find((each) => each.id === id);
  gate = id;
  hasOpened = true;
  facts = null;
  at("search").value = "";
  forget();
  document.body.dataset.view = "gate";
  at("choose").hidden = true;
  at("card").hidden = false;
  for (const part of ["advice", "nobody"]) at(part).replaceChildren();
  at("decline-all").hidden = true;
  put("waits", "");
  heading(line);
  drawGates();
  telegram?.BackButton?.show?.();
  if (byReader) at("gate-title").focus();
  statistics.opened();
  look();
}

function back() {
  const was = gate;
  gate = 0;
  statistics.forget();
  at("confirm").close(); // it asks about this group
  document.body.dataset.view = "gates";
  telegram?.BackButton?.hide?.();
  at("card").hidden = true;
  drawGates();
  (document.querySelector(`[data-gate="${was}"]`) ?? at("title")).focus();
  lookAtGates().catch(() => {});
}

/** Forget the people shown: another group, or another search. */
function forget() {
  limit = PAGE;
  asked += 1;
  rows.clear();
  at("people").replaceChildren();
  at("more").hidden = true;
}

function heading(told) {
  put("gate-title", told?.title ?? "");
  at("dot").className = `dot ${told?.tone ?? ""}`;
  put("state", told?.name ?? "");
}

async function lookAtGate() {
  const number = (asked += 1);
  const query = new URLSearchParams({ id: gate, limit, search: at("search").value.trim() });
  const told = await insist(`gate?${query}`, undefined, () => number === asked);
  if (!told || number !== asked) return; // overtaken
  if (at("says").textContent === labels.checking) say("");
  if (told.status !== 200) return refused(told);
  facts = told;
  heading(told);
  merge(told.people);
  draw();
}

/** The reader is no admin of this group any more. */
function refused(told) {
  if (isOver) return;
  list = list.filter((line) => line.id !== gate);
  back();
  say(told.says);
}

/** Take over who waits; those decided about here stay in their place, with what was done. */
function merge(people) {
  const waiting = new Map(people.map((person) => [person.id, person]));
  for (const [id, row] of rows) {
    const person = waiting.get(id);
    if (person && row.done && person.asked > row.person.asked) row.done = null; // they asked again
    if (person) row.person = person;
    else if (!row.done && !row.busy) drop(id);
  }
  for (const [id, person] of waiting) if (!rows.has(id)) rows.set(id, { person, done: null, busy: false });
}

function drop(id) {
  const { element } = rows.get(id);
  if (element?.contains(document.activeElement)) at("gate-title").focus();
  element?.remove();
  rows.delete(id);
}

function draw() {
  for (const row of rows.values()) drawPerson(row);
  const isSearch = at("search").value.trim() !== "";
  const isEmpty = !rows.size;
  at("nobody").hidden = !isEmpty;
  put("nobody", isEmpty ? (isSearch ? labels.nobody_found : labels.nobody) : "");
  put("waits", facts.progress || (isEmpty && !isSearch ? "" : facts.waits));
  at("more").hidden = facts.found <= limit || facts.people.length < limit;
  const hadFocus = document.activeElement === at("decline-all");
  at("decline-all").hidden = isSearch || !facts.declinable || Boolean(facts.progress || facts.refusals.decline_many);
  if (hadFocus && at("decline-all").hidden) at("gate-title").focus();
  const notes = [...new Set([...facts.advice, ...Object.values(facts.refusals)])];
  if (at("advice").dataset.drawn !== JSON.stringify(notes)) {
    at("advice").dataset.drawn = JSON.stringify(notes);
    at("advice").replaceChildren(...notes.map((note) => make("li", "", note)));
  }
}

function drawPerson(row) {
  const { person, done, busy } = row;
  const text = JSON.stringify([person, done, busy, facts.refusals]);
  if (row.drawn === text) return;
  row.drawn = text;
  const meta = make("span", "meta", `${person.since} · ${person.stage}`);
  const who = make("div", "who", "", make("strong", "", person.name), meta);
  if (person.mask) who.append(make("span", "meta mask", person.mask));
  if (person.appealed) who.append(make("span", "appeal", labels.appealed));
  const acts = make("div", "acts");
  if (done) {
    acts.append(make("span", "done", done.says));
    if (done.undo) acts.append(actButton(row, done.undo, labels.undo, "", true));
  } else {
    for (const [kind, name] of [["let_in", "yes"], ["decline", ""]]) {
      if (!facts.refusals[kind]) acts.append(actButton(row, kind, labels[kind], name, false));
    }
  }
  const element = make("li", done ? "person is-done" : "person", "", who, acts);
  const hasFocus = row.element?.contains(document.activeElement);
  if (row.element) row.element.replaceWith(element);
  else at("people").append(element);
  row.element = element;
  if (hasFocus) (element.querySelector("button") ?? at("gate-title")).focus();
}

function actButton(row, kind, label, name, isUndo) {
  const button = make("button", name, label);
  button.type = "button";
  button.setAttribute("aria-label", `${label}: ${row.person.name}`);
  button.setAttribute("aria-disabled", String(row.busy));
  button.addEventListener("click", () => act(row, kind, isUndo));
  return button;
}

async function act(row, kind, isUndo) {
  if (row.busy) return;
  const here = gate;
  row.busy = true;
  asked += 1; // an answer that is under way shows the time before
  drawPerson(row);
  try {
    const told = await insist("act", { gate, kind, person: row.person.id, undo: isUndo });
    say(told.says ? `${row.person.name}: ${told.says}` : "", told.status === 200);
    if (told.status === 200) row.done = { says: told.says, undo: told.undo };
  } catch {
    say(labels.failed);
  }
  row.busy = false;
  if (gate !== here) return;
  drawPerson(row);
  look();
}

async function declineAll() {
  at("confirm").close();
  const here = gate;
  try {
    const told = await insist("act", { gate, kind: "decline_many" });
    say(told.says ?? "");
  } catch {
    say(labels.failed);
  }
  if (gate === here) look();
}

/* Looking again and again */

async function look() {
  clearTimeout(timer);
  const was = gate;
  looks += 1;
  try {
    if (looks % GATES_EVERY === 1) await lookAtGates();
    if (gate && gate === was) await lookAtGate();
    if (at("note").textContent === OFFLINE) put("note", "");
    if (at("says").textContent === labels.offline) say("");
  } catch {
    if (labels.offline) say(labels.offline);
    else put("note", OFFLINE);
  }
  clearTimeout(timer);
  if (!isOver) timer = setTimeout(() => (document.hidden ? wait() : look()), LOOK);
}

/** Ask nothing while nobody looks. */
function wait() {
  document.addEventListener("visibilitychange", () => look(), { once: true });
}

/* Telegram */

function dress() {
  const { bg_color: ground, text_color: ink } = telegram?.themeParams ?? {};
  document.documentElement.classList.toggle("themed", Boolean(ground && ink));
  document.documentElement.style.colorScheme = (ground && ink && telegram.colorScheme) || "";
}

function arrived() {
  telegram = window.Telegram?.WebApp ?? null;
  telegram?.ready();
  telegram?.expand();
  telegram?.onEvent("themeChanged", dress);
  telegram?.BackButton?.onClick?.(back);
  if (gate && !wide.matches) telegram?.BackButton?.show?.();
  dress();
}

function begin() {
  try {
    const kept = JSON.parse(sessionStorage.getItem("callgate"));
    if (kept.initData === initData) session = kept.session ?? "";
  } catch {
    // There is no session.
  }
  if (session) return look();
  if (initData) return location.replace(`${root}/app${location.hash}`);
  outside();
}

at("back").addEventListener("click", back);
at("more").addEventListener("click", () => {
  limit += PAGE;
  look();
});
at("find").addEventListener("submit", (event) => event.preventDefault());
at("search").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    forget();
    look();
  }, 250);
});
at("decline-all").addEventListener("click", () => {
  put("question", facts.confirm);
  at("confirm").showModal();
});
at("no").addEventListener("click", () => at("confirm").close());
at("yes").addEventListener("click", declineAll);

const script = document.createElement("script");
script.src = at("telegram").href;
script.addEventListener("load", arrived);
document.head.append(script);
begin();
