/** What a contract looks like: its city's place, its status' colour and height. @module */

/**
 * @typedef {object} City
 * @property {string} name As contracts spell it in `location`.
 * @property {number} x East, in distances between cities: a map of India that is drawn together.
 * @property {number} z South.
 */

/** @type {readonly City[]} In the order of their keys, 1 to 4. */
export const CITIES = Object.freeze([
  { name: "Chennai", x: 0.85, z: 0.62 },
  { name: "Mumbai", x: -0.95, z: -0.3 },
  { name: "Bengaluru", x: -0.35, z: 0.82 },
  { name: "Hyderabad", x: 0.2, z: -0.7 },
]);

/**
 * @typedef {object} Look
 * @property {readonly [number, number, number]} colour Linear RGB: that of examples/omniverse.
 * @property {number} height Metres; a building is up to a third lower or higher.
 */

/** Bluish green and vermilion, which colour-blind people tell apart; the height says it, too. */
const LOOKS = new Map([
  ["active", { colour: [0.0, 0.34, 0.17], height: 3 }],
  ["inactive", { colour: [0.66, 0.12, 0.0], height: 0.6 }],
]);

/** For statuses that a later hub may add. */
const UNKNOWN = { colour: [0.6, 0.4, 0.0], height: 1.5 };

/** Statuses in a legend; what none of them is looks like `other`. */
export const STATUSES = Object.freeze([...LOOKS.keys(), "other"]);

/**
 * Return how a status looks.
 * @param {string} status
 * @returns {Look}
 */
export function lookOf(status) {
  return /** @type {Look} */ (LOOKS.get(status) ?? UNKNOWN);
}

/**
 * Return how high a contract's building is: its status decides, its id varies it by a third.
 * @param {string} id
 * @param {string} status
 */
export function heightOf(id, status) {
  return lookOf(status).height * (2 / 3 + (2 / 3) * share(id));
}

/**
 * Return a status' colour as CSS has it, for the legend.
 * @param {string} status
 */
export function cssOf(status) {
  return `rgb(${lookOf(status).colour.map((part) => Math.round(255 * gamma(part))).join(" ")})`;
}

/** @param {number} linear */
function gamma(linear) {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
}

/** @param {string} text A number from 0 to 1 that is always the same for it (FNV-1a). */
function share(text) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0) / 0xffffffff;
}
