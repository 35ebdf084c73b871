/** The iterator of a subscription: what has come and was not read yet. @module */

import { SlowConsumer } from "./errors.js";

/**
 * @typedef {import("./outputs.js").HubEvent | import("./outputs.js").Snapshot} Told
 */

/** So many wait before the hub is asked to stop; half of it before it is asked to go on. */
export const HIGH_WATER = 1_000;
/** Where it cannot be asked to stop: others read the same. */
const MOST = 10_000;

export class Reading {
  /** @type {Told[]} */
  #queue = [];
  /** @type {Array<{ resolve: (result: IteratorResult<Told, undefined>) => void, reject: (error: unknown) => void }>} */
  #waiting = [];
  /** @type {unknown} */
  #error = null;
  #ended = false;
  /** @type {string | null} */
  #position = null;
  #flow;

  /**
   * @param {{ pause(): void, resume(): void, close(): void }} flow What it may ask of its subscription.
   */
  constructor(flow) {
    this.#flow = flow;
  }

  /** How many have come and were not read. */
  get size() {
    return this.#queue.length;
  }

  /** Where the reader stands: behind what was read last, while more waits. */
  get position() {
    return this.#queue.length > 0 ? this.#position : undefined;
  }

  /** @param {Told} told */
  push(told) {
    if (this.#ended) return;
    const first = this.#waiting.shift();
    if (first) {
      this.#position = told.position;
      first.resolve({ done: false, value: told });
      return;
    }
    this.#queue.push(told);
    if (this.#queue.length === HIGH_WATER) this.#flow.pause();
    if (this.#queue.length > MOST) this.#overflow();
  }

  /** @param {unknown} error Thrown once what waits is read; null: it just ends. */
  end(error) {
    if (this.#ended) return;
    this.#ended = true;
    const first = error === null ? undefined : this.#waiting.shift();
    if (first) first.reject(error);
    else this.#error = error;
    for (const one of this.#waiting.splice(0)) one.resolve({ done: true, value: undefined });
  }

  /** @returns {Promise<IteratorResult<Told, undefined>>} */
  async next() {
    const told = this.#queue.shift();
    if (told !== undefined) {
      this.#position = told.position;
      if (this.#queue.length === HIGH_WATER / 2) this.#flow.resume();
      return { done: false, value: told };
    }
    if (this.#error !== null) {
      const error = this.#error;
      this.#error = null;
      throw error;
    }
    if (this.#ended) return { done: true, value: undefined };
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /**
   * Called by a loop that is left: the subscription was for the loop.
   * @returns {Promise<IteratorResult<Told, undefined>>}
   */
  async return() {
    this.#queue.length = 0;
    this.end(null);
    this.#flow.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  #overflow() {
    const last = this.#queue[this.#queue.length - 1];
    const text = `expected a reader that keeps up, got ${MOST} events that wait`;
    this.end(new SlowConsumer(text, last?.position ?? null));
    this.#flow.close();
  }
}
