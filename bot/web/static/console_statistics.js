/**
 * The statistics of the group that is open in the console. It uses what console.js defines: `ask` and its kin, the
 * labels, and which group is open.
 */

const SVG = "http://www.w3.org/2000/svg";
const HIGH = 160; // units of the picture, one pixel each
const SLOT = 10; // units of its width for each moment
const PERIOD = "7d";

const statistics = {
  period: PERIOD,
  number: 0, // of the newest request
  isOpen: false,

  /** Another group is open. */
  opened() {
    this.clear();
    if (this.isOpen) this.look();
  },

  /** No group is open. */
  forget() {
    this.number += 1;
    this.clear();
  },

  clear() {
    for (const id of ["periods", "span", "no-numbers", "numbers"]) at(id).replaceChildren();
  },

  show(isOpen) {
    this.isOpen = isOpen;
    at("waiting").hidden = isOpen;
    at("statistics").hidden = !isOpen;
    at("show-waiting").setAttribute("aria-pressed", String(!isOpen));
    at("show-statistics").setAttribute("aria-pressed", String(isOpen));
    if (isOpen) this.look();
  },

  async look() {
    const number = (this.number += 1);
    const isWanted = () => number === this.number && gate !== 0;
    const query = new URLSearchParams({ id: gate, period: this.period });
    try {
      const told = await insist(`statistics?${query}`, undefined, isWanted);
      if (!told || !isWanted()) return;
      if (at("says").textContent === labels.checking) say("");
      if (told.status === 200) this.draw(told);
      else refused(told);
    } catch {
      if (isWanted()) say(labels.failed);
    }
  },

  draw(told) {
    this.drawPeriods(told);
    put("span", told.span);
    put("no-numbers", told.empty);
    const parts = told.empty ? [] : [overTime(told), ranking(labels.funnel, told.funnel), countries(told)];
    if (told.details.length) parts.push(make("ul", "panel details", "", ...told.details.map((each) => make("li", "", each))));
    at("numbers").replaceChildren(...parts);
  },

  drawPeriods(told) {
    const focused = at("periods").contains(document.activeElement);
    at("periods").setAttribute("aria-label", labels.period);
    at("periods").replaceChildren(
      ...told.periods.map(({ key, name }) => {
        const button = make("button", "", name);
        button.type = "button";
        button.setAttribute("aria-pressed", String(key === told.period));
        button.addEventListener("click", () => {
          this.period = key;
          this.look();
        });
        return button;
      }),
    );
    if (focused) at("periods").querySelector('[aria-pressed="true"]').focus();
  },
};

/** An element of a picture. */
function shape(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** What a moment's numbers are, in words. */
function sentence(told, { label, written }) {
  return [label, ...told.steps.map((step, which) => `${step}\u00a0${written[which]}`)].join(" · ");
}

/** The bars over time. A slider without a look of its own chooses the moment, so that keys and screen readers can. */
function overTime(told) {
  const { moments } = told;
  const last = moments.length - 1;
  const chosen = shape("rect", { class: "chosen", y: 0, width: SLOT, height: HIGH });
  const picture = drawing(told, chosen);
  const words = make("p", "moment");
  const slider = make("input", "slider");
  Object.assign(slider, { type: "range", min: 0, max: last, step: 1 });
  slider.setAttribute("aria-label", told.heading);
  const choose = (place) => {
    slider.value = place;
    chosen.setAttribute("x", place * SLOT);
    words.textContent = sentence(told, moments[place]);
    slider.setAttribute("aria-valuetext", words.textContent);
  };
  slider.addEventListener("input", () => choose(Number(slider.value)));
  const chart = make("div", "chart", "", slider, picture, make("span", "top", told.top_written));
  const point = ({ clientX }) => {
    const { left, width } = picture.getBoundingClientRect();
    choose(Math.min(last, Math.max(0, Math.floor(((clientX - left) / width) * moments.length))));
  };
  chart.addEventListener("pointerdown", point);
  chart.addEventListener("pointermove", point);
  const busy = moments.findLastIndex(({ counts }) => counts.some((count) => count > 0));
  choose(busy < 0 ? last : busy);
  const ends = [...new Set([0, last >> 1, last])].map((place) => make("span", "", moments[place].label));
  const under = make("div", "under", "", ...ends);
  under.ariaHidden = "true";
  return make("section", "panel", "", make("h2", "", told.heading), legend(told), words, chart, under, table(told));
}

function drawing(told, chosen) {
  const wide = told.moments.length * SLOT;
  const name = shape("title", { id: "picture-name" });
  name.textContent = `${told.heading}: ${told.span}`;
  const frame = { viewBox: `0 0 ${wide} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-labelledby": "picture-name" };
  const picture = shape("svg", frame, name, chosen);
  for (const part of [0, 0.5, 1]) {
    const y = Math.min(HIGH - 0.5, Math.max(0.5, HIGH * part));
    picture.append(shape("line", { class: "grid", x1: 0, x2: wide, y1: y, y2: y }));
  }
  told.moments.forEach(({ counts: [asked, called, came] }, place) => {
    for (const [count, width, look] of [[asked, 7.8, "asked"], [came, 4.4, "came"]]) {
      if (count <= 0) continue;
      const height = Math.max(3, (HIGH * count) / told.top);
      const x = place * SLOT + (SLOT - width) / 2;
      picture.append(shape("rect", { class: look, x, y: HIGH - height, width, height }));
    }
    if (called <= 0) return;
    const y = HIGH - Math.max(2, (HIGH * called) / told.top);
    picture.append(shape("rect", { class: "called", x: place * SLOT + 1.1, y, width: 7.8, height: 3 }));
  });
  return picture;
}

function legend(told) {
  const looks = ["asked", "called", "came"];
  return make("ul", "legend", "", ...told.steps.map((step, which) => make("li", looks[which], step)));
}

/** The same numbers for screen readers. */
function table(told) {
  const head = make("tr", "", "", ...[told.heading, ...told.steps].map((text) => scoped("col", text)));
  const lines = told.moments.map(({ label, written }) =>
    make("tr", "", "", scoped("row", label), ...written.map((text) => make("td", "", text))),
  );
  const whole = make("table", "", "", make("caption", "", `${told.heading}: ${told.span}`));
  whole.append(make("thead", "", "", head), make("tbody", "", "", ...lines));
  return make("div", "sr", "", whole);
}

function scoped(scope, text) {
  const cell = make("th", "", text);
  cell.scope = scope;
  return cell;
}

/** Names with their numbers, and bars as long as these are large. */
function ranking(heading, lines) {
  const items = lines.map(({ name, count, share, part }) => {
    const bar = make("span", "bar-of");
    bar.style.setProperty("--part", String(part));
    const numbers = make("span", "figures", "", make("strong", "", count));
    if (share) numbers.append(` · ${share}`);
    return make("li", "", "", make("span", "", name), numbers, bar);
  });
  return make("section", "panel", "", make("h2", "", heading), make("ul", "ranking", "", ...items));
}

function countries(told) {
  if (told.countries.length) return ranking(labels.countries, told.countries);
  return make("section", "panel", "", make("h2", "", labels.countries), make("p", "meta", labels.no_calls));
}

// Then console.js, which defines `at`, has run.
document.addEventListener("DOMContentLoaded", () => {
  at("show-waiting").addEventListener("click", () => statistics.show(false));
  at("show-statistics").addEventListener("click", () => statistics.show(true));
});
