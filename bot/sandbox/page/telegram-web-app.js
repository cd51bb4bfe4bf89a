/**
 * The sandbox's stand-in for https://telegram.org/js/telegram-web-app.js: the same `window.Telegram.WebApp`, as
 * far as a Mini App of this bot may need it. It speaks with the page around it as inside Telegram's web clients:
 * `postMessage` of JSON text, `{"eventType": "web_app_…", "eventData": {…}}`, both ways. One event is the
 * sandbox's own: "sandbox_dial", because a browser has no dialer for `window.open("tel:…")` to reach.
 */

(() => {
  "use strict";

  /** Set by the page around: what is kept for one launch is not found by a page opened elsewhere in the tab. */
  const KEPT = `__telegram__initParams ${window.name}`;

  /** @returns {Record<string, string>} what the client put behind the `#`, also after a walk to another page */
  function launchParams() {
    const params = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    if (!window.name) return params;
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
      const all = { ...kept, ...params };
      sessionStorage.setItem(KEPT, JSON.stringify(all));
      return all;
    } catch {
      return params; // storage is closed to a page without an origin of its own
    }
  }

  const params = launchParams();
  const initData = params.tgWebAppData ?? "";
  const version = params.tgWebAppVersion ?? "6.0";
  const platform = params.tgWebAppPlatform ?? "unknown";
  const launched = window.parent !== window && Boolean(params.tgWebAppVersion);

  /** @type {Map<string, Set<Function>>} */
  const listeners = new Map();
  /** @type {Record<string, string>} */
  let themeParams = {};
  /** Answers the running `requestContact`. @type {((status: string) => void)|null} */
  let contactAsked = null;

  /** @param {string} text @returns {any} */
  function parsed(text) {
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  }

  const machineNow = Date.now.bind(Date);

  /** @param {string} eventType @param {object} [eventData] */
  function post(eventType, eventData = {}) {
    if (launched) window.parent.postMessage(JSON.stringify({ eventType, eventData }), "*");
  }

  /** @param {string} event @param {object} [data] */
  function tell(event, data) {
    for (const run of [...(listeners.get(event) ?? [])]) run.call(WebApp, data);
  }

  /** @returns {Record<string, any>} not checked by anybody: for showing only, as in the original */
  function unsafe() {
    const fields = [...new URLSearchParams(initData)];
    return Object.fromEntries(
      fields.map(([key, value]) => [key, /^[[{]/.test(value) ? (parsed(value) ?? value) : value]),
    );
  }

  /** @param {string} color "#rrggbb" @returns {boolean} the original's own rule */
  function isDark(color) {
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
    return Math.sqrt(0.299 * r * r + 0.587 * g * g + 0.114 * b * b) < 120;
  }

  /** @param {unknown} next */
  function setTheme(next) {
    const colors = Object.entries(next ?? {}).filter(([, color]) => /^#[0-9a-f]{6}$/i.test(color));
    themeParams = Object.fromEntries(colors);
    const style = document.documentElement.style;
    for (const [key, color] of colors) style.setProperty(`--tg-theme-${key.replaceAll("_", "-")}`, color);
    style.setProperty("--tg-color-scheme", WebApp.colorScheme);
  }

  /** @param {string} wanted */
  function isVersionAtLeast(wanted) {
    const [have, want] = [version, wanted].map((text) => text.split(".").map(Number));
    for (let at = 0; at < Math.max(have.length, want.length); at += 1) {
      const [a, b] = [have[at] ?? 0, want[at] ?? 0];
      if (a !== b) return a > b;
    }
    return true;
  }

  /** @param {string} address @returns {HTMLAnchorElement} resolved @throws {Error} unless it is http or https */
  function webLink(address) {
    const link = document.createElement("a");
    link.href = address;
    if (link.protocol !== "http:" && link.protocol !== "https:") throw new Error("WebAppTgUrlInvalid");
    return link;
  }

  /** @param {string[]} names @param {object} [rest] @returns {any} an object whose methods do nothing, in a chain */
  function harmless(names, rest = {}) {
    /** @type {any} */
    const object = { ...rest };
    for (const name of names) object[name] = () => object;
    return object;
  }

  const BUTTON = ["show", "hide", "enable", "disable", "setText", "setParams", "onClick", "offClick"];

  const WebApp = {
    initData,
    initDataUnsafe: unsafe(),
    version,
    platform,
    get colorScheme() {
      return themeParams.bg_color && isDark(themeParams.bg_color) ? "dark" : "light";
    },
    get themeParams() {
      return { ...themeParams };
    },
    get viewportHeight() {
      return window.innerHeight;
    },
    get viewportStableHeight() {
      return window.innerHeight;
    },
    isExpanded: true,
    isVersionAtLeast,
    ready: () => post("web_app_ready"),
    expand: () => post("web_app_expand"),
    close: () => post("web_app_close"),

    /** @param {(shared: boolean, answer: {status: string}) => void} [callback] @throws {Error} while one is asked */
    requestContact(callback) {
      if (!isVersionAtLeast("6.9")) throw new Error("WebAppMethodUnsupported");
      if (contactAsked) throw new Error("WebAppContactRequested");
      contactAsked = (status) => {
        callback?.(status === "sent", { status });
        tell("contactRequested", { status });
      };
      post("web_app_request_phone");
    },

    /** @param {string} address @throws {Error} for `tel:` and whatever else is not http or https */
    openLink(address) {
      post("web_app_open_link", { url: webLink(address).href });
    },

    /** @param {string} address of t.me @throws {Error} for any other */
    openTelegramLink(address) {
      const link = webLink(address);
      if (link.hostname !== "t.me") throw new Error("WebAppTgUrlInvalid");
      post("web_app_open_tg_link", { path_full: link.pathname + link.search });
    },

    /** @param {string} event @param {Function} run */
    onEvent(event, run) {
      if (!listeners.has(event)) listeners.set(event, new Set());
      listeners.get(event)?.add(run);
    },
    /** @param {string} event @param {Function} run */
    offEvent(event, run) {
      listeners.get(event)?.delete(run);
    },

    BackButton: harmless(BUTTON, { isVisible: false }),
    MainButton: harmless([...BUTTON, "showProgress", "hideProgress"], { isVisible: false }),
    HapticFeedback: harmless(["impactOccurred", "notificationOccurred", "selectionChanged"]),
    ...harmless([
      "disableVerticalSwipes",
      "enableVerticalSwipes",
      "enableClosingConfirmation",
      "disableClosingConfirmation",
      "setHeaderColor",
      "setBackgroundColor",
      "setBottomBarColor",
    ]),
  };

  /** What the page around says. @type {Record<string, (data: any) => void>} */
  const heard = {
    sandbox_clock(data) {
      Date.now = () => machineNow() + Number(data?.shift || 0);
    },
    theme_changed(data) {
      const before = JSON.stringify(themeParams);
      setTheme(data?.theme_params);
      if (JSON.stringify(themeParams) !== before) tell("themeChanged");
    },
    phone_requested(data) {
      const answer = contactAsked;
      contactAsked = null;
      answer?.(data?.status);
    },
  };

  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || typeof event.data !== "string") return;
    const message = parsed(event.data);
    if (message && Object.hasOwn(heard, message.eventType)) heard[message.eventType](message.eventData);
  });

  setTheme(parsed(params.tgWebAppThemeParams ?? "null"));
  document.documentElement.style.setProperty("--tg-viewport-height", "100vh");
  document.documentElement.style.setProperty("--tg-viewport-stable-height", "100vh");
  if (launched) {
    const open = window.open.bind(window);
    window.open = (address, ...rest) => {
      const link = String(address ?? "").trim();
      if (!/^tel:/i.test(link)) return open(address, ...rest);
      post("sandbox_dial", { number: decodeURIComponent(link.slice(4)) });
      return null;
    };
    // A plain link to a number does nothing in a Mini App; here the browser would look for a program to call with.
    window.addEventListener("click", (event) => {
      const link = event.target instanceof Element && event.target.closest("a[href]");
      if (link instanceof HTMLAnchorElement && link.protocol === "tel:") event.preventDefault();
    });
  }
  /** @type {any} */ (window).Telegram = { WebApp };
  post("web_app_request_theme");
})();
