/**
 * Whether a connection is dead, though open: judged by times, not by how often somebody looked.
 *
 * Timers of a background tab fire once a minute, and those of a suspended machine not at all. Who
 * looks late has frames that wait to be read, so silence is first asked about (a ping), and counts
 * as death only when that stays without an answer, too.
 * @module
 */

const HEARTBEAT_MS = 25_000;

export class Silence {
  /** @type {number | null} When it was asked about. */
  #askedAt = null;
  #heardAt = 0;
  #limitMs;
  #patienceMs;
  #answerMs;

  /**
   * @param {number} patienceMs How much later than promised a heartbeat may be.
   * @param {number} answerMs How long the answer to a ping may take.
   */
  constructor(patienceMs, answerMs) {
    this.#patienceMs = patienceMs;
    this.#answerMs = answerMs;
    this.#limitMs = HEARTBEAT_MS + patienceMs;
  }

  /** When to look next. */
  get dueAt() {
    return this.#askedAt === null ? this.#heardAt + this.#limitMs : this.#askedAt + this.#answerMs;
  }

  /** Whether an answer is waited for. */
  get asked() {
    return this.#askedAt !== null;
  }

  /** @param {number} everyMs How often the hub says something. */
  expect(everyMs) {
    this.#limitMs = everyMs + this.#patienceMs;
  }

  /** @param {number} now */
  heard(now) {
    this.#heardAt = now;
    this.#askedAt = null;
  }

  /** @param {number} now */
  ask(now) {
    this.#askedAt ??= now;
  }

  /**
   * @param {number} now
   * @returns {"fine" | "ask" | "dead"}
   */
  look(now) {
    // A clock that was set back would make it wait for as long.
    if (now < this.#heardAt) this.#heardAt = now;
    if (this.#askedAt !== null && now < this.#askedAt) this.#askedAt = now;
    if (now < this.dueAt) return "fine";
    return this.#askedAt === null ? "ask" : "dead";
  }
}
