/** Who a line shows itself to be: the credential it asks for, and when it asks for a newer one. @module */

import { reconnectDelay } from "./backoff.js";
import { Renewal } from "./renewal.js";

/**
 * @typedef {import("./outputs.js").Output} Output
 * @typedef {import("./outputs.js").TokenReason} TokenReason
 */

export class Identity {
  /** @type {string | null} Who the hub takes us for. */
  principal = null;
  /** @type {string | null} */
  credential = null;
  /** Which request for a credential is the newest: answers to others are too late. */
  #turn = 0;
  /** @type {string | null} The id of the newest `auth`. */
  #authId = null;
  #renewal = new Renewal();
  #clock;
  #nextId;

  /**
   * @param {"token" | "ticket" | null} kind
   * @param {{ now(): number, random(): number }} clock
   * @param {() => string} nextId
   */
  constructor(kind, clock, nextId) {
    this.kind = kind;
    this.#clock = clock;
    this.#nextId = nextId;
  }

  /** When to call `renew`. */
  get dueAt() {
    return this.#renewal.dueAt ?? Number.POSITIVE_INFINITY;
  }

  /** What goes into the address: good once, and for seconds. */
  get ticket() {
    return this.kind === "ticket" ? this.credential : null;
  }

  /** What goes into the first frame. */
  get token() {
    return this.kind === "token" ? this.credential : null;
  }

  /**
   * @param {TokenReason} why
   * @returns {Output}
   */
  ask(why) {
    this.#turn += 1;
    return { do: "token", why, turn: this.#turn };
  }

  /**
   * Whether an answer is to the newest request.
   * @param {number} turn
   */
  awaits(turn) {
    return turn === this.#turn;
  }

  /**
   * @param {string} token
   * @returns {Output}
   */
  auth(token) {
    this.#authId = this.#nextId();
    return { do: "send", command: { type: "auth", id: this.#authId, token } };
  }

  /**
   * Whether a reply is to the newest `auth`.
   * @param {unknown} replyTo
   */
  showed(replyTo) {
    return this.#authId !== null && this.#authId === replyTo;
  }

  /**
   * Take the hub's word; true when somebody else was here before.
   * @param {import("./frames.js").Known} frame
   */
  known({ principal, expires_at: end }) {
    this.#renewal.hold(end, this.#clock.now());
    if (principal === null) return false;
    const before = this.principal;
    this.principal = principal;
    return before !== null && before !== principal;
  }

  /** @param {string | null} serverTime */
  tell(serverTime) {
    this.#renewal.tell(serverTime, this.#clock.now());
  }

  /**
   * Ask for a newer credential where it is time.
   * @returns {Output[]}
   */
  renew() {
    if (this.#clock.now() < this.dueAt) return [];
    this.#renewal.begin();
    return [this.ask("renew")];
  }

  /** There was none, or the hub did not take it: ask again soon. */
  renewLater() {
    const now = this.#clock.now();
    this.#renewal.later(now, reconnectDelay(1, this.#clock.random()));
  }

  /** There is no connection, so nothing to renew. */
  stop() {
    this.#renewal.stop();
  }
}
