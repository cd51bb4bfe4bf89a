/**
 * What only the Mini App needs: who opened it, their contact, Telegram's colours and functions. The call screen itself
 * is call.js, whose names are used here. Telegram's own script may load late or never; only asking for the contact and
 * closing need it.
 */

const launched = new URLSearchParams(location.hash.slice(1));
const initData = launched.get("tgWebAppData") ?? "";
const canDial = /^(ios|android)/.test(launched.get("tgWebAppPlatform") ?? "");
const KEPT = "callgate";
const FOLLOWED = ["asking", "waiting", "confirmed"];
const SCRIPT_PATIENCE = 5000;
const TAKING = 30000; // how long the contact may take to arrive
const SEEN_FOR = 3000; // how long the success is shown before the app closes

let telegram = null;
let kept = recalled(); // the session, and what a reload needs to continue it
let failures = 0;
let asking = 0; // the timer of the next request
let sharing = null; // until the contact arrives: the previous text of the screen
let closing = 0;
let calm = 0; // answers in a row without any change
let asked = 0; // the number of the newest request
let hasWaited = false;
let before = "opening"; // the state last shown
let wantsToShare = false;
let isStored = false; // whether another page can continue the session

function recalled() {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEPT));
    if (found.initData === initData) return found;
  } catch {
    // Nothing is stored, or nothing can be.
  }
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return { initData, nonce: Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") };
}

function keep(news) {
  kept = { ...kept, ...news };
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
    isStored = true;
  } catch {
    // Then a reload needs new init data.
  }
}

/** The page's texts that do not depend on the state, in the person's language. */
function relabel() {
  Object.assign(labels, kept.labels);
  document.documentElement.lang = kept.language;
  for (const element of document.querySelectorAll("[data-label]")) {
    element.textContent = labels[element.dataset.label];
  }
  at("qr").setAttribute("aria-label", labels.qr_code);
}

/** Send the init data to the server, which returns who we are. */
async function begin() {
  const answer = await fetch(`${main.dataset.root}/app/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Callgate": "app" },
    body: JSON.stringify({ init_data: initData, nonce: kept.nonce }),
  });
  if ([400, 401, 413].includes(answer.status)) return outside();
  if (!answer.ok) throw new Error(String(answer.status));
  const { state, ...told } = await answer.json();
  keep(told);
  if (kept.console && isStored) return administer();
  relabel();
  show(state);
}

/** Admins who have nothing to verify get the console. */
function administer() {
  location.replace(`${main.dataset.root}/app/console${location.hash}`);
}

/** Ask for the person's state. */
async function ask() {
  if (facts.state === "outside") return;
  const number = (asked += 1);
  const seen = facts;
  try {
    if (!kept.session) return await begin();
    const answer = await fetch(`${main.dataset.root}/app/state`, {
      cache: "no-store",
      headers: { Authorization: `Bearer ${kept.session}` },
    });
    if (answer.status === 401) return await begin();
    if (!answer.ok) throw new Error(String(answer.status));
    const told = await answer.json();
    if (number === asked && facts === seen) show(told); // else overtaken by a newer answer or the stream
  } catch {
    failures += 1;
    if (failures > 1) say(labels.offline, true);
  } finally {
    later();
  }
}

/** Show the server's answer, and follow the call screen that it names. */
function show(told) {
  if (failures > 1) say("");
  failures = 0;
  calm = told.state === facts.state && told.texts.note === facts.texts.note ? calm + 1 : 0;
  base = told.token ? `${main.dataset.root}/call/${told.token}` : "";
  take(told);
  follow();
}

function outside() {
  const texts = { lead: labels.outside, note: labels.outside_note, purpose: "", mask: "" };
  take({ ...facts, state: "outside", number: "", gates: [], qr: null, texts });
}

const isOver = () => facts.state === "outside" || (facts.state === "confirmed" && facts.final);

/** Poll while there is no stream. */
function later() {
  clearTimeout(asking);
  // Poll more and more rarely while nothing happens: many may have the page open.
  let pause = sharing ? 1000 : Math.min(30000, 3000 * 1.3 ** calm);
  if (failures) pause = Math.min(15000, 500 * 2 ** failures) * (0.5 + Math.random());
  asking = setTimeout(() => isOver() || (following || document.hidden ? later() : ask()), pause);
}

/** Share the contact: Telegram asks the person, and sends it to the bot. */
function share() {
  wantsToShare = !telegram;
  if (!telegram) return say(labels.loading);
  if (sharing) return;
  try {
    telegram.requestContact((isShared) => {
      if (!isShared) return say(labels.denied);
      const mine = (sharing = { note: facts.texts.note });
      at("share").setAttribute("aria-disabled", "true");
      say(labels.taking, true);
      setTimeout(() => sharing === mine && shared(labels.failed), TAKING);
      ask();
    });
  } catch {
    // Telegram is already asking.
  }
}

/** The contact has arrived, or failed to. */
function shared(word) {
  sharing = null;
  at("share").removeAttribute("aria-disabled");
  say(word);
}

function taken() {
  if (facts.state === "contact" && before !== "contact") say("");
  before = facts.state;
  if (sharing && (facts.state !== "contact" || facts.texts.note !== sharing.note)) shared("");
  main.classList.toggle("is-tokenless", !base);
  if (["contact", "asking", "waiting"].includes(facts.state)) hasWaited = true;
  const isIn = facts.state === "confirmed" && facts.final && facts.gates.some(({ link }) => link);
  if (isIn && hasWaited && telegram) {
    put("note", labels.closing);
    // A person still in the dialer sees it on their return.
    if (!document.hidden) closing ||= setTimeout(() => telegram.close(), SEEN_FOR);
  }
}

/** Telegram's script has loaded. */
function arrived() {
  telegram = window.Telegram?.WebApp ?? null;
  main.classList.toggle("is-mute", !telegram?.isVersionAtLeast("6.9"));
  telegram?.ready();
  telegram?.expand();
  telegram?.onEvent("themeChanged", dress);
  dress();
  if (wantsToShare && facts.state === "contact") share();
}

/** Apply Telegram's colours, if known; app.css derives ours from them. */
function dress() {
  const { bg_color: ground, text_color: ink } = telegram?.themeParams ?? {};
  document.documentElement.classList.toggle("themed", Boolean(ground && ink));
  document.documentElement.style.colorScheme = (ground && ink && telegram.colorScheme) || "";
}

/** Links that open something in Telegram: a plain one may lead into a browser. */
function openInTelegram(event) {
  const link = event.target.closest("a[href]");
  if (!link || !telegram) return;
  event.preventDefault();
  telegram.openTelegramLink(link.href);
}

/** In a Mini App a plain `tel:` link does nothing, but a new window of that address reaches the dialer. */
function dial(event) {
  const { href } = event.currentTarget;
  if (!href) return;
  event.preventDefault();
  window.open(href, "_blank");
}

ways.isLive = () => base !== "" && !facts.final && FOLLOWED.includes(facts.state);
ways.look = () => {
  calm = 0;
  return following ? poll() : ask();
};
ways.move = ask;
ways.gone = ask;
ways.taken = taken;
ways.pressed = () => (ways.isLive() ? follow() : ask());
base = "";
main.dataset.dials = canDial ? "yes" : "no";
at("desk").media = canDial ? "not all" : "all";
at("share").addEventListener("click", share);
for (const id of ["call", "number"]) at(id).addEventListener("click", dial);
for (const id of ["gates", "chat"]) at(id).addEventListener("click", openInTelegram);

const script = document.createElement("script");
const mute = () => {
  wantsToShare = false;
  if (!telegram) main.classList.add("is-mute");
};
script.src = at("telegram").href;
script.addEventListener("load", arrived);
script.addEventListener("error", mute);
document.head.append(script);
setTimeout(mute, SCRIPT_PATIENCE);
if (kept.labels) relabel();
if (initData && kept.console && kept.session) administer();
else if (initData) ask();
else outside();
