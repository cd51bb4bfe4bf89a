/** Scenes that play themselves: every tap is a tap on the phone, so the person on the screen really does it. */

import { attempt } from "./act.js";
import { postFault, postPerson, postRaid } from "./api.js";
import { pause } from "./dom.js";
import { guideText, readersLanguage } from "./guide-words.js";
import { next } from "./guide-steps.js";
import { closeLayers, toast } from "./layers.js";
import { hidePanel } from "./panel.js";
import { someName } from "./people.js";
import { become, goTo, page, redraw } from "./store.js";

export const SCENES = ["newcomer", "known", "wrong", "raid", "broke", "group"];
/** Milliseconds between two taps, so that one can read along, and between two looks for the next. */
const BETWEEN = 1500;
const LOOK = 150;
/** Milliseconds after which a scene that does not go on has ended. */
const PATIENCE = 15000;

/** @type {string|null} */
let current = null;
/** Which playing this is: an older one that wakes up finds that it is over. */
let turn = 0;
let runs = false;

/** @returns {string|null} the scene chosen last */
export const scene = () => current;
/** @returns {boolean} whether a scene plays now */
export const playing = () => runs;

export function stopPlaying() {
  turn += 1;
  runs = false;
  redraw();
}

/** @param {number} id whose phone comes on the screen @param {number|null} chat opened on it */
async function hold(id, chat) {
  closeLayers(true);
  hidePanel();
  become(id);
  while (page.state?.me.id !== id || page.as !== id) await pause(LOOK); // a look on its way comes first
  goTo(chat);
}

/** Somebody new, in front of the tour's group; the tour's own person if they have not begun yet. */
async function newcomer() {
  const tour = page.state?.tour;
  if (!tour) return;
  const group = page.state?.chats.find((chat) => chat.id === tour.group);
  if (page.as === tour.person && group?.my_state === "none") return goTo(tour.group);
  const language = readersLanguage();
  const person = await attempt(() => postPerson({ name: someName(language), language }));
  if (person) await hold(person.id, tour.group);
}

/** @param {number} mine @param {(now: import("./guide-steps.js").Next) => HTMLElement|null} choose what is tapped instead */
async function follow(mine, choose = (now) => now.target) {
  for (let idle = 0; idle < PATIENCE && mine === turn; idle += LOOK) {
    const now = next();
    if (now.step === 4) return;
    const target = choose(now);
    if (target) {
      await pause(BETWEEN);
      if (mine !== turn) return;
      const still = choose(next());
      if (still) still.click();
      idle = 0;
    }
    await pause(LOOK);
  }
}

/** @param {string} testid @returns {HTMLElement|null} */
const byTestid = (testid) => document.querySelector(`#phone [data-testid="${testid}"]`);

/** The call goes out from the other SIM. @param {import("./guide-steps.js").Next} now */
function fromOtherSim(now) {
  if (now.key !== "call") return now.target;
  const form = byTestid("dial-call-from");
  return form?.getClientRects().length ? form : byTestid("dial-other");
}

const owner = () => page.state?.people.find((person) => person.role === "owner");

/** @type {Record<string, (mine: number) => Promise<void>>} */
const PLAYS = {
  async newcomer(mine) {
    await newcomer();
    await follow(mine);
  },
  async known(mine) {
    const state = page.state;
    const known = state?.people.find((person) => person.name === "Clara");
    const other = state?.chats.find((chat) => chat.guarded);
    if (!known || !other) return toast(guideText("nobody"));
    await hold(known.id, other.id);
    await follow(mine);
  },
  async wrong(mine) {
    await newcomer();
    let called = false;
    await follow(mine, (now) => {
      if (now.key === "ring") called = true;
      return called ? null : fromOtherSim(now);
    });
  },
  async raid() {
    const group = page.state?.tour?.group;
    const person = owner();
    if (!group || !person) return;
    await attempt(() => postRaid({ chat: group, size: 300 }));
    await hold(person.id, page.state?.chats.find((chat) => chat.type === "private")?.id ?? null);
  },
  async broke(mine) {
    await attempt(() => postFault({ where: "gateway", kind: "code", code: 3, times: null }));
    await newcomer();
    await follow(mine);
  },
  async group() {
    const person = owner();
    if (!person) return;
    await hold(person.id, null);
    await pause(LOOK);
    byTestid("new-group")?.click();
  },
};

/** @param {string} name one of `SCENES` */
export async function play(name) {
  const mine = ++turn;
  current = name;
  runs = true;
  redraw();
  if (page.state?.faults.length) await attempt(() => postFault({ clear: true }));
  await PLAYS[name](mine);
  if (mine === turn) stopPlaying();
}
