/**
 * Building the page out of nodes. Data only ever becomes text or an attribute here, never markup, so a
 * person may be called `<script>` and nothing happens.
 */

/**
 * @param {string} tag
 * @param {Record<string, any>} [props] `class`, `text`, `testid`, `on` (listeners), `data`, any attribute;
 *   `null`, `undefined` and (but for `aria-…`) `false` leave the attribute out
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {any}
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || (value === false && !name.startsWith("aria-"))) continue;
    if (name === "class") node.className = value;
    else if (name === "text") node.textContent = value;
    else if (name === "testid") node.dataset.testid = value;
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "on")
      for (const [event, run] of Object.entries(value))
        node.addEventListener(event, /** @type {any} */ (run));
    else if (name === "value") /** @type {any} */ (node).value = value;
    else node.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
  }
  if (tag === "button" && !("type" in props)) node.setAttribute("type", "button");
  for (const child of children)
    if (child !== null && child !== undefined && child !== false) node.append(child);
  return node;
}

/** @param {string} id @returns {any} the page's own element, which index.html promises to hold */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * Rebuilds a container only when what it shows has changed, keeping the keyboard focus where it was.
 * @param {HTMLElement} container
 * @param {unknown} shown whatever the content depends on
 * @param {() => (Node|null|undefined|false)[]} build
 */
export function show(container, shown, build) {
  const signature = JSON.stringify(shown);
  if (container.dataset.shown === signature) return;
  container.dataset.shown = signature;
  const active = document.activeElement;
  const inside = active instanceof HTMLElement && container.contains(active);
  const key = inside ? active.dataset.testid || active.dataset.key : null;
  container.replaceChildren(.../** @type {Node[]} */ (build().filter(Boolean)));
  if (!key) return;
  const again = [...container.querySelectorAll("[data-testid],[data-key]")].find(
    (node) => node instanceof HTMLElement && (node.dataset.testid === key || node.dataset.key === key),
  );
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}

/** @returns {boolean} whether the person asked their system for less motion */
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** @param {number} ms @returns {Promise<void>} */
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** @param {string} text */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { value: text, class: "visually-hidden", readonly: true });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
