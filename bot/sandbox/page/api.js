/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").ActResult} ActResult */
/** @typedef {import("./types.js").TraceEntry} TraceEntry */

/**
 * @param {string} path @param {unknown} [body] sent as JSON by POST when given
 * @returns {Promise<any>} the answer
 * @throws {Error} with the server's one sentence
 */
async function ask(path, body) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(
      path,
      body === undefined
        ? { cache: "no-store" }
        : {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify(body),
          },
    );
  } catch {
    throw new Error("The sandbox cannot be reached. Is it still running?");
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok || answer?.ok === false) {
    throw new Error(answer?.error || `The sandbox answered ${response.status}.`);
  }
  return answer;
}

/**
 * @param {number|null} as @param {number|null} [info] the group whose sheet stands open
 * @returns {Promise<State>} the world as that person sees it
 */
export function fetchState(as, info = null) {
  const asked = new URLSearchParams();
  if (as !== null) asked.set("as", String(as));
  if (info !== null) asked.set("info", String(info));
  return ask(`/sandbox/state?${asked}`);
}

/** @param {Record<string, unknown>} body @returns {Promise<ActResult>} */
export const postAct = (body) => ask("/sandbox/act", body);

/** @param {{rate?: number, advance?: number}} body */
export const postClock = (body) => ask("/sandbox/clock", body);

/** @param {Record<string, unknown>} body */
export const postFault = (body) => ask("/sandbox/faults", body);

/** @param {{chat: number, size: number}|{stop: true}} body */
export const postRaid = (body) => ask("/sandbox/raid", body);

/** @param {{name: string, language: string, phone?: string}} body */
export const postPerson = (body) => ask("/sandbox/person", body);

/**
 * Follows the sandbox; the browser reconnects by itself.
 * @param {{changed: () => void, trace: (entry: TraceEntry) => void, link: (up: boolean) => void}} on
 */
export function follow(on) {
  const source = new EventSource("/sandbox/events");
  source.addEventListener("open", () => on.link(true));
  source.addEventListener("error", () => on.link(false));
  source.addEventListener("changed", () => on.changed());
  source.addEventListener("trace", (event) => on.trace(JSON.parse(event.data)));
}
