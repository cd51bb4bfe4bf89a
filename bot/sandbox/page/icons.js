/** Line icons on a 24 unit grid, drawn as inline SVG. */

const NS = "http://www.w3.org/2000/svg";

/** @type {Record<string, string>} one path each */
const PATHS = {
  back: "M15 5l-7 7 7 7",
  next: "M9 6l6 6-6 6",
  down: "M6 9l6 6 6-6",
  more: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  play: "M8 5.5l10.5 6.5L8 18.5z",
  send: "M12 19V5M6 11l6-6 6 6",
  attach:
    "M19 11.5l-7.3 7.3a4.6 4.6 0 0 1-6.5-6.5l7.6-7.6a3.1 3.1 0 0 1 4.4 4.4l-7.5 7.5a1.6 1.6 0 0 1-2.2-2.2l6.8-6.9",
  keyboard: "M4 7h16v10H4zM8 14h8M7.5 10.5h.01M11 10.5h.01M14.5 10.5h.01",
  slash: "M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM14 8l-4 8",
  phone:
    "M6.5 4h3l1.5 4-2 1.5a11 11 0 0 0 5.5 5.5l1.5-2 4 1.5v3a2 2 0 0 1-2.2 2A16.5 16.5 0 0 1 4.5 6.2 2 2 0 0 1 6.5 4z",
  swap: "M4 8h13M13 4l4 4-4 4M20 16H7M11 12l-4 4 4 4",
  hidden:
    "M4 4l16 16M9.9 6.3A9.6 9.6 0 0 1 12 6c5 0 8.5 6 8.5 6a15 15 0 0 1-2.7 3.3M6.3 8.1A15 15 0 0 0 3.5 12S7 18 12 18a9 9 0 0 0 3.4-.7M10.2 10.3a2.5 2.5 0 0 0 3.5 3.5",
  copy: "M9 9h10v10H9zM15 9V5H5v10h4",
  external: "M8 16L17 7M9.5 7H17v7.5",
  close: "M6 6l12 12M18 6L6 18",
  check: "M5 12.5l4.5 4.5L19 7.5",
  clock: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 8v4.2l2.8 1.8",
  bolt: "M13 3L5.5 13.5H11L10 21l8-11h-5.5z",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M18.4 5.6l-1.1 1.1M6.7 17.3l-1.1 1.1",
  moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
  plus: "M12 5v14M5 12h14",
  people:
    "M9 11.5a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM3.5 19c.3-3 2.5-5 5.5-5s5.2 2 5.5 5M15.5 5.4a3.2 3.2 0 0 1 0 5.9M17.5 14.5c1.8.8 2.8 2.3 3 4.5",
  person: "M12 12a3.6 3.6 0 1 0 0-7.2 3.6 3.6 0 0 0 0 7.2zM5 19.5c.5-3.4 3.2-5.3 7-5.3s6.5 1.9 7 5.3",
  shield: "M12 4l7 2.5v5c0 4.2-2.8 7.2-7 8.5-4.2-1.3-7-4.3-7-8.5v-5zM9 12l2.2 2.2L15.2 10",
  lock: "M6.5 11h11v8.5h-11zM9 11V8a3 3 0 0 1 6 0v3",
  pulse: "M3 12h4l2.5-6 5 12 2.5-6h4",
  chat: "M5 5h14a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-7l-4.5 3.5V16H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1z",
  tower:
    "M12 11v9M9 20h6M8.5 12.5a5 5 0 0 1 0-7M15.5 5.5a5 5 0 0 1 0 7M5.5 15a9 9 0 0 1 0-12M18.5 3a9 9 0 0 1 0 12M12 9v.01",
  handset: "M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM11 18h2",
  desktop: "M4 5h16a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zM9 20h6M12 16v4",
  app: "M6 5h12a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zM5 9.5h14",
  gate: "M4.5 20v-8a7.5 7.5 0 0 1 15 0v8M8.5 20v-8a3.5 3.5 0 0 1 7 0v8M12 14v.01",
  block: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM6.5 6.5l11 11",
  filter: "M4 6h16M7.5 12h9M10.5 18h3",
  bars: "M5 18v-3M9.5 18v-6M14 18v-9M18.5 18V6",
  battery: "M3.5 8h15v8h-15zM21 11v2M6 10.5h8v3H6z",
  info: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 11v5M12 8v.01",
  eye: "M3 12s3.4-6 9-6 9 6 9 6-3.4 6-9 6-9-6-9-6zM12 9.4a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2z",
  reply: "M10 6L4 11.5l6 5.5M4.5 11.5H14a6 6 0 0 1 6 6v1",
  file: "M7 3.5h7l4.5 4.5v12.5H7zM13.5 3.5V8.5h5",
  download: "M12 4v11M7 10.5l5 5 5-5M5 20h14",
  tag: "M4 4.5h8l8 8-7.5 7.5-8.5-8.5zM8.3 8.6v.01",
  mask: "M3.5 8.5c3-1.6 5.6-1.2 8.5 0 2.9-1.2 5.5-1.6 8.5 0 .2 4.9-1.3 8-4.3 8-2.2 0-2.8-2-4.2-2s-2 2-4.2 2c-3 0-4.5-3.1-4.3-8zM7.5 11.5h2M14.5 11.5h2",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1",
  mute: "M4 10v4h3.5L12 18V6L7.5 10zM16 9.5l5 5M21 9.5l-5 5",
  voice: "M4 10v4h3.5L12 18V6L7.5 10zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
  leave: "M14 4H6v16h8M11 12h9M16.5 8l4 4-4 4",
  trash: "M5 7h14M9.5 7V4.5h5V7M7 7l1 13h8l1-13",
  up: "M12 19V6M6 11.5L12 5.5l6 6",
  topics: "M5 6h14M5 12h9M5 18h11",
  crowd:
    "M12 12a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM6.5 19c.4-2.8 2.6-4.4 5.5-4.4s5.1 1.6 5.5 4.4M5.5 11a2 2 0 1 0 0-4M2.5 17c.2-1.8 1-3 2.4-3.6M18.5 11a2 2 0 1 1 0-4M21.5 17c-.2-1.8-1-3-2.4-3.6",
  warn: "M12 4.5l8.5 15h-17zM12 10v4.5M12 17v.01",
};

/** @param {string} name @param {number} [size] @returns {SVGSVGElement} decoration: hidden from screen readers */
export function icon(name, size = 20) {
  const svg = document.createElementNS(NS, "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 24 24",
    width: size,
    height: size,
    fill: "none",
    stroke: "currentColor",
    "stroke-width": name === "more" || name === "bars" ? 2.5 : 1.7,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
    focusable: "false",
  }))
    svg.setAttribute(key, String(value));
  svg.classList.add("icon");
  const path = document.createElementNS(NS, "path");
  path.setAttribute("d", PATHS[name] ?? "");
  svg.append(path);
  return svg;
}
