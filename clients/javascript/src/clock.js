/** Time and chance, so that a test can replace them. @module */

/**
 * @typedef {object} Clock
 * @property {() => number} now Milliseconds since 1970. A monotonic clock stands still while a
 *   machine sleeps, and whoever wakes up must know that it has slept.
 * @property {() => number} random From 0 up to 1.
 * @property {(act: () => void, delayMs: number) => any} setTimer
 * @property {(timer: any) => void} clearTimer
 */

/** @type {Clock} */
export const CLOCK = {
  now: () => Date.now(),
  random: () => Math.random(),
  setTimer: (act, delayMs) => setTimeout(act, delayMs),
  clearTimer: (timer) => clearTimeout(timer),
};
