/** The in-app browser: a page of the bot (the call screen) in a sheet inside the phone. */

import { onClockChange } from "./clock.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { openLayer } from "./layers.js";

/**
 * @param {URL} url on this machine
 * @param {{dial: (() => void)|null}} on a `tel:` link in the page cannot be seen from here: the bar dials, on a phone
 */
export function openBrowser(url, on) {
  // A page of another origin keeps its own; one of this origin must not reach into this page.
  const apart = url.origin === location.origin ? "" : " allow-same-origin";
  // A page cannot see that the phone around it is a drawn one, under a real mouse.
  if (on.dial) url.hash = "phone";
  const frame = el("iframe", {
    class: "browser-frame",
    title: `Page at ${url.host}`,
    src: url.href,
    referrerpolicy: "no-referrer",
    sandbox: `allow-scripts allow-forms allow-popups${apart}`,
    allow: "clipboard-write",
  });
  const bar = el(
    "div",
    { class: "browser-bar" },
    el(
      "button",
      {
        class: "icon-button",
        "aria-label": "Close the page",
        testid: "browser-close",
        on: { click: () => layer.close() },
      },
      icon("close"),
    ),
    el("div", { class: "browser-address" }, icon("lock", 13), el("span", { text: url.host + url.pathname })),
    el(
      "button",
      {
        class: "icon-button",
        "aria-label": "Open in a new tab",
        title: "Open in a new tab",
        on: { click: () => window.open(url.href, "_blank", "noopener,noreferrer") },
      },
      icon("external"),
    ),
    on.dial &&
      el(
        "button",
        { class: "primary is-call is-small", testid: "browser-dial", on: { click: on.dial } },
        icon("phone", 17),
        "Dial",
      ),
  );
  const sheet = el("div", { class: "browser" }, bar, frame);
  const forget = onClockChange(() => sheet.append(frame)); // put anew, it loads anew, and asks for the time
  const layer = openLayer(sheet, { label: "Page of the bot", kind: "full", testid: "browser", onClose: forget });
}
