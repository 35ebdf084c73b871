/** How far a line has come on its way to the hub, and when it tries the next step. @module */

import { reconnectDelay } from "./backoff.js";
import { broken } from "./closing.js";

/**
 * `idle` before all, `token` while somebody is asked for one, `opening` until the connection is
 * there, `auth` until the hub knows us, `open`, `waiting` before the next try, `ended` for good.
 *
 * @typedef {"idle" | "token" | "opening" | "auth" | "open" | "waiting" | "ended"} Phase
 */

export class Approach {
  /** @type {Phase} */
  phase = "idle";
  /** Whether the hub has welcomed this connection. */
  welcomed = false;
  /** @type {import("./outputs.js").TokenReason} Why the next token is asked for. */
  why = "connect";
  /** Whether the hub itself has said how long to wait. */
  obliged = false;
  /** When the phase began, and how long it may take. */
  #since = 0;
  #within = 0;
  /** Losses since the hub last had answered everything. */
  #attempt = 0;
  #clock;
  #bounds;

  /**
   * @param {{ now(): number, random(): number }} clock
   * @param {{ minReconnectDelay: number, maxReconnectDelay: number }} bounds
   */
  constructor(clock, bounds) {
    this.#clock = clock;
    this.#bounds = { min: bounds.minReconnectDelay, max: bounds.maxReconnectDelay };
  }

  /** Whether there is nothing that could be lost, or could come. */
  get over() {
    return this.phase === "idle" || this.phase === "ended";
  }

  /** Whether frames are taken. */
  get hears() {
    return this.phase === "auth" || this.phase === "open";
  }

  /** When the phase is late; null when there is none. */
  get dueAt() {
    return this.over ? null : this.#since + this.#within;
  }

  /** Whether the phase takes too long. A clock that was set back must not make it last. */
  get late() {
    const now = this.#clock.now();
    return now < this.#since || now >= this.#since + this.#within;
  }

  /** How long the phase may take, in milliseconds. */
  get within() {
    return this.#within;
  }

  /**
   * Begin a phase in which there is no connection yet, or none any more.
   * @param {Phase} phase
   * @param {number} [withinMs]
   */
  enter(phase, withinMs = 0) {
    this.phase = phase;
    this.welcomed = false;
    this.#since = this.#clock.now();
    this.#within = withinMs;
  }

  /**
   * Wait for a token for as long as it takes, since a person may be asked; return what to say of it,
   * where the state does not say already that the last one has run out.
   * @returns {import("./closing.js").Loss}
   */
  linger() {
    const loss = broken("token_pending", `no token within ${this.#within} ms`);
    this.enter("token", Number.POSITIVE_INFINITY);
    return loss;
  }

  /**
   * Wait before the next try; return how long, in milliseconds.
   * @param {import("./closing.js").Loss} loss
   * @param {boolean} expired Whether it was the token's end.
   */
  retreat(loss, expired) {
    const delay = reconnectDelay(this.#attempt, this.#clock.random(), loss.retryAfterMs, this.#bounds);
    this.#attempt += 1;
    this.why = expired ? "token_expired" : "connect";
    this.obliged = loss.retryAfterMs !== null;
    this.enter("waiting", delay);
    return delay;
  }

  /** Everything is answered: the next loss is a first one. */
  settle() {
    this.#attempt = 0;
  }
}
