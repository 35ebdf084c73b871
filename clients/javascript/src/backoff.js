/** How long to wait before coming back. @module */

export const MIN_DELAY_MS = 500;
export const MAX_DELAY_MS = 20_000;
const ASKED_JITTER = 0.25;
const MAX_DOUBLINGS = 10;

/**
 * Return milliseconds: full jitter over a range that doubles, 500 to 20,000.
 *
 * The floor keeps a crowd from returning at once, the jitter spreads it. Where the hub asked to
 * wait, it is that, and up to a quarter more: it may have asked everybody the same.
 * @param {number} attempt 0 for the first return since the line was connected.
 * @param {number} jitter Random, from 0 up to 1.
 * @param {number | null} [askedMs] What the hub asked for.
 * @param {{ min?: number, max?: number }} [bounds]
 */
export function reconnectDelay(attempt, jitter, askedMs = null, bounds = {}) {
  if (askedMs !== null) return askedMs * (1 + ASKED_JITTER * jitter);
  const { min = MIN_DELAY_MS, max = MAX_DELAY_MS } = bounds;
  const spread = min * 2 ** Math.min(attempt, MAX_DOUBLINGS);
  return Math.min(max, min + jitter * Math.min(max, spread));
}
