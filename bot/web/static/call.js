/** The call screen. It shows what the server sends and has no texts of its own. */

const at = (id) => document.getElementById(id);
const main = at("screen");
const labels = JSON.parse(at("labels").textContent);
const FIRST_WORD = 6000; // by then a proxy that buffers the stream is detected
const SILENCE = 50000; // heartbeats come every 20 seconds
const POLL = 3000;
const BUFFERED_FOR = 20; // polls before streaming is tried again

let base = location.pathname.replace(/\/+$/, "");
let facts = JSON.parse(at("facts").textContent);
let ahead = 0; // by how much the device's clock is ahead of the server's, in ms
let ticking = 0;
let following = false;
let interrupt = null;
let nudge = null;

/** What the Mini App does differently; see app.js. */
const ways = {
  isLive: () => !facts.final, // whether the stream may bring more
  look: () => poll(), // ask for the current state
  move: (address) => location.assign(address), // to another call screen
  gone: () => location.reload(), // the server has a page for that
  taken: () => {}, // something is shown
  pressed: () => follow(), // a button did something
};

// `#phone` in the address: this is a phone, whatever pointer it has.
if (location.hash === "#phone") at("desk").media = "not all";

/** The one place where a call begins: the link's own `tel:` address does it here. */
function wireCall() {
  for (const id of ["call", "number"]) {
    if (facts.number && main.dataset.dials !== "no") at(id).setAttribute("href", `tel:${facts.number}`);
    else at(id).removeAttribute("href");
  }
}

function put(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text;
}

/** Show the server's state. */
function take(next) {
  const held = document.activeElement;
  ahead = Date.now() - next.now * 1000;
  facts = next;
  main.dataset.state = next.state;
  document.title = next.texts.lead;
  for (const name of ["purpose", "lead", "mask", "note", "call_hint"]) put(name, next.texts[name]);
  if (next.until) put("note", labels.reopens.replace("{moment}", clock(next.until)));
  put("number", next.spelled);
  at("call").setAttribute("aria-label", labels.call_number.replace("{number}", next.spelled));
  if (next.qr) {
    at("qr").setAttribute("viewBox", `0 0 ${next.qr.size} ${next.qr.size}`);
    at("qr-path").setAttribute("d", next.qr.path);
  }
  at("gates").replaceChildren(...next.gates.map(gate));
  wireCall();
  tick();
  // If the focused button is gone, move the focus to the news.
  if (held !== document.body && !held.offsetParent) at("lead").focus({ preventScroll: true });
  ways.taken();
}

/** Format a future moment by this device's clock, with the date if it is not today. */
function clock(seconds) {
  const then = new Date(seconds * 1000);
  const isToday = then.toDateString() === new Date(Date.now() - ahead).toDateString();
  const day = isToday ? {} : { day: "numeric", month: "long" };
  return then.toLocaleString(document.documentElement.lang, { hour: "numeric", minute: "2-digit", ...day });
}

function gate({ title, link }) {
  const item = document.createElement("li");
  const inner = document.createElement(link ? "a" : "span");
  if (link) {
    inner.href = link;
    inner.rel = "noreferrer";
  }
  inner.textContent = title;
  item.append(inner);
  return item;
}

/** Run once a second, on the server's seconds. Compute the time each time instead of counting: sleep does no harm. */
function tick() {
  clearTimeout(ticking);
  if (facts.state !== "waiting") return;
  const left = Math.max(0, facts.ends_at * 1000 - (Date.now() - ahead));
  const seconds = Math.ceil(left / 1000 - 0.02);
  put("left", `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
  const whole = Math.max(1, (facts.ends_at - facts.began_at) * 1000);
  at("arc").style.strokeDashoffset = String(1 - Math.min(1, (seconds * 1000) / whole));
  main.classList.toggle("is-short", seconds <= 60);
  if (left > 0) ticking = setTimeout(tick, left % 1000 || 1000);
}

let hushed = 0;
function say(text, forever = false) {
  clearTimeout(hushed);
  put("says", text);
  if (text && !forever) hushed = setTimeout(() => put("says", ""), 5000);
}

const rest = (ms) =>
  new Promise((done) => {
    nudge = done;
    setTimeout(done, ms);
  });

/** Show an answer. `seen`: what was shown when it was requested; if the stream has brought something since, the answer
 * may be older than that, so it is dropped. */
async function hear(answer, seen) {
  if (![200, 404, 410].includes(answer.status)) throw new Error(String(answer.status));
  const told = await answer.json();
  if (!told.state) ways.gone();
  else if (facts === seen) take(told);
}

async function poll() {
  const seen = facts;
  await hear(await fetch(`${base}/state`, { cache: "no-store" }), seen);
}

/** Read the stream until it ends; return whether anything came. */
async function stream() {
  const control = new AbortController();
  interrupt = () => control.abort();
  let alarm = setTimeout(interrupt, FIRST_WORD);
  let came = false;
  try {
    const answer = await fetch(`${base}/events`, {
      cache: "no-store",
      headers: { Accept: "text/event-stream" },
      signal: control.signal,
    });
    if (answer.status !== 200) {
      await hear(answer, facts);
      return came;
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let buffer = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return came;
      clearTimeout(alarm);
      alarm = setTimeout(interrupt, SILENCE);
      if (!came) say("");
      came = true;
      const blocks = (buffer + value).split("\n\n");
      buffer = blocks.pop();
      for (const block of blocks) {
        const data = block.split("\n").filter((line) => line.startsWith("data: "));
        if (data.length) take(JSON.parse(data.map((line) => line.slice(6)).join("\n")));
      }
      if (!ways.isLive()) return came;
    }
  } catch {
    return came;
  } finally {
    clearTimeout(alarm);
    control.abort();
    interrupt = null;
  }
}

/** Follow the state as long as it can change; poll where no stream gets through. */
async function follow() {
  if (following) return;
  following = true;
  let failures = 0;
  while (ways.isLive()) {
    const came = await stream();
    try {
      for (let polls = 0; ways.isLive() && polls < (came ? 1 : BUFFERED_FOR); polls += 1) {
        await poll();
        if (failures) say("");
        // If the server was away only for a moment, try streaming again at once.
        if (failures) polls = BUFFERED_FOR;
        failures = 0;
        await rest((came ? 300 : POLL) * (0.8 + Math.random() * 0.4));
      }
    } catch {
      failures += 1;
      if (failures > 1) say(labels.offline, true);
      await rest(Math.min(15000, 500 * 2 ** failures) * (0.5 + Math.random()));
    }
  }
  following = false;
}

/** Press a button that the server handles. */
async function press(button, what) {
  // A disabled button would lose the focus.
  if (button.hasAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  const seen = facts;
  try {
    const answer = await fetch(`${base}/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Callgate": "call" },
      body: "{}",
    });
    const told = await answer.json();
    if (!told.state) {
      ways.gone();
      return;
    }
    say(told.says === told.state.texts.lead ? "" : told.says);
    if (told.next) {
      ways.move(told.next);
      return;
    }
    if (facts === seen) take(told.state); // else the stream has brought something newer
    ways.pressed();
  } catch {
    say(labels.failed);
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

async function copy() {
  try {
    await navigator.clipboard.writeText(facts.number);
  } catch {
    const area = document.createElement("textarea");
    area.value = facts.number;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    at("copy").focus();
  }
  say(labels.copied);
}

/** The page is visible again, or the network is back: the state may be old. */
function again() {
  if (document.visibilityState === "hidden") return;
  tick();
  ways.look().then(() => (following ? nudge?.() : follow()), () => interrupt?.());
}

at("copy").addEventListener("click", copy);
at("another").addEventListener("click", (event) => press(event.currentTarget, "another"));
at("again").addEventListener("click", (event) => press(event.currentTarget, "another"));
at("cancel").addEventListener("click", (event) => press(event.currentTarget, "cancel"));
document.addEventListener("visibilitychange", again);
addEventListener("online", again);
addEventListener("pageshow", (event) => event.persisted && location.reload());
document.documentElement.classList.add("js");
take(facts);
follow();
