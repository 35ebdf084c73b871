/**
 * The queries of one connection, without I/O: whose a frame is, and who asks again when.
 * @module
 */

import { reconnectDelay } from "./backoff.js";
import { commandRefused, ending, whyOf } from "./closing.js";
import { AuthenticationFailed } from "./errors.js";
import { stateOf } from "./outputs.js";

/**
 * @typedef {import("./outputs.js").Output} Output
 * @typedef {import("./closing.js").Loss} Loss
 * @typedef {import("./query.js").Query} Query
 * @typedef {import("./frames.js").Control} Control
 */

export class Following {
  /** @type {Map<string, Query>} One a channel: the hub keeps no more on a connection. */
  #queries = new Map();
  /** @type {Map<Query, number>} When a subscribe that was refused for now is tried again. */
  #again = new Map();
  /** Whether the hub takes commands. */
  #open = false;
  /** @type {import("./outputs.js").ClientState | null} Why nothing comes for now. */
  #waiting = null;
  /** @type {Loss | null} Why nothing will come. */
  #loss = null;
  #clock;
  #help;

  /**
   * @param {{ now(): number, random(): number }} clock
   * @param {(page: string | null) => string | null} help
   */
  constructor(clock, help) {
    this.#clock = clock;
    this.#help = help;
  }

  /** When to call `retry`. */
  get dueAt() {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#again.values());
  }

  /** Whether the hub has answered all that was asked. */
  get live() {
    return [...this.#queries.values()].every((query) => query.track.live || query.ended || query.paused);
  }

  get size() {
    return this.#queries.size;
  }

  /**
   * The query that follows a channel, if one does.
   * @param {string} channel
   */
  get(channel) {
    return this.#queries.get(channel);
  }

  /**
   * Follow a channel by a query, in place of another one.
   * @param {Query} query
   * @returns {Output[]}
   */
  join(query) {
    this.#queries.set(query.channel, query);
    if (this.#open) return query.subscribe();
    if (this.#loss !== null) return query.end(this.#loss, { final: false });
    return this.#waiting ? query.wait({ ...this.#waiting, state: "subscribing" }) : [];
  }

  /**
   * Follow a channel no longer.
   * @param {Query} query
   * @returns {Output[]}
   */
  leave(query) {
    if (this.#queries.get(query.channel) !== query) return [];
    this.#queries.delete(query.channel);
    this.#again.delete(query);
    if (!this.#open || query.ended) return [];
    return [{ do: "send", command: { type: "unsubscribe", channel: query.channel } }];
  }

  /**
   * Ask for what a paused query has not seen.
   * @param {Query} query
   * @returns {Output[]}
   */
  resume(query) {
    query.resume();
    return this.#open ? query.subscribe() : [];
  }

  /**
   * Ask for all, on a new connection.
   * @param {boolean} anew Whether what was seen was seen by somebody else.
   */
  ask(anew) {
    this.#open = true;
    this.#waiting = null;
    return this.#each((query) => [...(anew ? query.forget() : []), ...query.subscribe()]);
  }

  /** @param {import("./outputs.js").ClientState} state Of the connection: why nothing comes. */
  wait(state) {
    this.#open = false;
    this.#waiting = state;
    this.#again.clear();
    return this.#each((query) => query.wait({ ...state, state: "subscribing" }));
  }

  /** Begin anew, after an end. */
  revive() {
    this.#loss = null;
    return this.#each((query) => {
      query.revive();
      return query.wait(stateOf("subscribing"));
    });
  }

  /** @param {Loss} loss */
  end(loss) {
    this.#open = false;
    this.#loss = loss;
    this.#again.clear();
    return this.#each((query) => query.end(loss, { final: false }));
  }

  /** Ask again where it is time. */
  retry() {
    const now = this.#clock.now();
    const due = [...this.#again].filter(([, at]) => at <= now).map(([query]) => query);
    for (const query of due) this.#again.delete(query);
    return due.flatMap((query) => query.subscribe());
  }

  /** @param {import("./frames.js").Push} push */
  push(push) {
    return this.#queries.get(push.channel)?.push(push) ?? [];
  }

  /**
   * @param {Control} frame
   * @returns {Output[]}
   */
  take(frame) {
    if (frame.kind === "heartbeat") return this.#heartbeat(frame);
    if (frame.kind === "error") return this.#refused(frame);
    const query = "channel" in frame ? this.#queries.get(frame.channel) : undefined;
    if (query === undefined) return [];
    switch (frame.kind) {
      case "subscribed":
        return query.subscribed(frame);
      case "snapshot":
        return query.page(frame);
      case "gap":
        return query.told(frame);
      case "lag":
        return query.slow(frame);
      case "unsubscribed":
        return this.#unsubscribed(query, frame);
      default:
        return [];
    }
  }

  /** @param {import("./frames.js").Beat} beat */
  #heartbeat({ epoch, positions }) {
    return Object.entries(positions).flatMap(
      ([channel, offset]) => this.#queries.get(channel)?.heartbeat(epoch, offset) ?? [],
    );
  }

  /**
   * Said when nobody asked: it may be followed no longer.
   * @param {Query} query
   * @param {import("./frames.js").Unsubscribed} frame
   */
  #unsubscribed(query, { code }) {
    if (code === null) return [];
    const help = `/docs/errors/${code}`;
    const error = new AuthenticationFailed(`${query.channel}: may be read no longer`, { help });
    return query.end(ending(error, null, code), { final: true });
  }

  /** @param {import("./frames.js").Refusal} reply */
  #refused(reply) {
    const query = [...this.#queries.values()].find((one) => one.track.asked(reply.reply_to));
    if (query === undefined) return [];
    const loss = commandRefused(reply);
    if (loss.final) return query.end(loss, { final: true });
    const delay = reconnectDelay(0, this.#clock.random(), loss.retryAfterMs);
    this.#again.set(query, this.#clock.now() + delay);
    return query.wait(stateOf("subscribing", whyOf(loss, this.#help, delay)));
  }

  /**
   * @param {(query: Query) => Output[]} act
   * @returns {Output[]}
   */
  #each(act) {
    return [...this.#queries.values()].flatMap(act);
  }
}
