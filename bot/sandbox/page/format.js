/** How things are written. */

/** @param {string} phone @returns {string} grouped for reading aloud: +7 495 123-45-67 */
export function groupPhone(phone) {
  const digits = phone.replace(/[^\d]/g, "");
  if (/^7\d{10}$/.test(digits)) {
    return `+7 ${digits.slice(1, 4)} ${digits.slice(4, 7)}-${digits.slice(7, 9)}-${digits.slice(9)}`;
  }
  if (/^1\d{10}$/.test(digits)) return `+1 ${digits.slice(1, 4)} ${digits.slice(4, 7)}-${digits.slice(7)}`;
  if (/^44\d{10}$/.test(digits)) return `+44 ${digits.slice(2, 6)} ${digits.slice(6)}`;
  if (digits.length < 7) return phone;
  const head = digits.length % 3 || 3;
  return `+${digits.slice(0, head)} ${(digits.slice(head).match(/\d{1,3}/g) ?? []).join(" ")}`;
}

/** @param {string} name @returns {string} one or two letters for an avatar */
export function initials(name) {
  const words = name
    .replace(/[^\p{L}\p{N}\s]/gu, " ")
    .trim()
    .split(/\s+/)
    .filter(Boolean);
  if (!words.length) return "?";
  return words
    .slice(0, 2)
    .map((word) => [...word][0])
    .join("")
    .toUpperCase();
}

/** @param {number} count @param {string} one @param {string} [many] */
export const plural = (count, one, many = `${one}s`) =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** @param {string} phone @returns {string} some other phone, to call from */
export function neighbour(phone) {
  const last = Number(phone.slice(-2));
  return phone.slice(0, -2) + String((last + 37) % 100).padStart(2, "0");
}

/** @param {number} bytes @returns {string} */
export function fileSize(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const kilo = bytes / 1024;
  return kilo < 1024 ? `${kilo < 10 ? kilo.toFixed(1) : Math.round(kilo)} KB` : `${(kilo / 1024).toFixed(1)} MB`;
}

/** @param {string} url @returns {URL|null} */
export function parseUrl(url) {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}
