/** When to show a newer token, so that the connection outlives the one that it came with. @module */

const LEAD_MS = 120_000;
const SOONEST_MS = 1_000;

/**
 * Times are of the client's clock; the hub's own differs by `skew`.
 *
 * A background tab looks once a minute, so tokens are renewed two minutes early; short ones in the
 * last quarter of what they have left.
 */
export class Renewal {
  /** @type {number | null} When to ask for a token; null: it does not end, or one is on its way. */
  dueAt = null;
  /** @type {number | null} */
  #expiresAt = null;
  #skew = 0;

  /**
   * @param {string | null} serverTime
   * @param {number} now
   */
  tell(serverTime, now) {
    const theirs = serverTime === null ? Number.NaN : Date.parse(serverTime);
    if (Number.isNaN(theirs)) return;
    this.#skew = theirs - now;
    if (this.dueAt !== null) this.#plan(now);
  }

  /**
   * Hold this end in place of an earlier one.
   * @param {string | null} expiresAt
   * @param {number} now
   */
  hold(expiresAt, now) {
    const end = expiresAt === null ? Number.NaN : Date.parse(expiresAt);
    this.#expiresAt = Number.isNaN(end) ? null : end;
    this.dueAt = null;
    this.#plan(now);
  }

  /** Somebody asks for it: nothing is due until `hold` or `later`. */
  begin() {
    this.dueAt = null;
  }

  /**
   * @param {number} now
   * @param {number} delayMs
   */
  later(now, delayMs) {
    this.dueAt = now + delayMs;
  }

  /** There is no connection, so nothing to renew. */
  stop() {
    this.dueAt = this.#expiresAt = null;
  }

  /** @param {number} now */
  #plan(now) {
    if (this.#expiresAt === null) return;
    const left = this.#expiresAt - (now + this.#skew);
    this.dueAt = now + Math.max(SOONEST_MS, left - Math.min(LEAD_MS, left / 4));
  }
}
