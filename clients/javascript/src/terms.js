/** On what terms a line connects. @module */

import { MAX_DELAY_MS, MIN_DELAY_MS } from "./backoff.js";

/**
 * @typedef {object} LineOptions
 * @property {{ now(): number, random(): number }} clock Milliseconds since 1970, and chance.
 * @property {"token" | "ticket" | null} [auth] What the line shows of who it is.
 * @property {boolean} [fixed] The token is always the same one: once it is over, so is the line.
 * @property {number} [minReconnectDelay]
 * @property {number} [maxReconnectDelay]
 * @property {number} [timeout] How long a connection may take, from its address to its welcome.
 * @property {number} [maxServerPingDelay] How much later than promised a heartbeat may be.
 * @property {(page: string | null) => string | null} [help]
 * @property {() => string} [nextId]
 */

/**
 * Return the options with what was not said.
 * @param {LineOptions} options
 * @returns {Required<LineOptions>}
 */
export function termsOf(options) {
  let ids = 0;
  const said = Object.entries(options).filter(([, value]) => value !== undefined);
  return {
    auth: null,
    fixed: false,
    minReconnectDelay: MIN_DELAY_MS,
    maxReconnectDelay: MAX_DELAY_MS,
    timeout: 10_000,
    maxServerPingDelay: 10_000,
    help: (page) => page,
    nextId: () => `a${++ids}`,
    .../** @type {LineOptions} */ (Object.fromEntries(said)),
  };
}
