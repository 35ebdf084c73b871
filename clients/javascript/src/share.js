/** One query and all who read it: equal subscriptions are one on the wire. @module */

/**
 * @typedef {import("./subscription.js").Subscription} Subscription
 * @typedef {import("./query.js").Query} Query
 * @typedef {import("./connection.js").Connection} Connection
 */

export class Share {
  /** @type {Set<Subscription>} */
  readers = new Set();
  #lingerMs;
  #clock;
  #drop;
  /** @type {any} */
  #timer = null;

  /**
   * @param {Query} query
   * @param {Connection} connection
   * @param {{ lingerMs: number, clock: import("./clock.js").Clock, drop: (share: Share) => void }} more
   */
  constructor(query, connection, { lingerMs, clock, drop }) {
    this.query = query;
    this.connection = connection;
    this.#lingerMs = lingerMs;
    this.#clock = clock;
    this.#drop = drop;
  }

  /** Whether nobody reads it any more, though it is still followed. */
  get idle() {
    return this.readers.size === 0;
  }

  /**
   * Whether a new reader of the same misses nothing by joining.
   *
   * From now on is from now on. Of a snapshot with a key the newest state is at hand. What began
   * somewhere in the past has told something already, once it has begun.
   * @param {import("./wants.js").Wants} wants
   */
  takes(wants) {
    const { query } = this;
    if (query.final || query.paused || query.wants.identity !== wants.identity) return false;
    const fromNow = wants.since === null && wants.history === null && !wants.snapshot;
    return fromNow || !query.begun || query.picture() !== null;
  }

  /** @param {Subscription} reader */
  join(reader) {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#timer = null;
    const { begun, ended, track } = this.query;
    const late = this.readers.size > 0 || begun || track.live || ended;
    this.readers.add(reader);
    if (late) queueMicrotask(() => this.#catchUp(reader));
  }

  /**
   * Let a reader go. The query stays for a moment: a page that is drawn anew asks for it again.
   * @param {Subscription} reader
   */
  leave(reader) {
    if (!this.readers.delete(reader) || this.readers.size > 0) return;
    if (this.query.ended || this.#lingerMs <= 0) this.#drop(this);
    else this.#timer = this.#clock.setTimer(() => this.#drop(this), this.#lingerMs);
  }

  /** Forget the moment that it would have stayed. */
  stop() {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#timer = null;
  }

  /**
   * Follow it no longer for a while, if nobody else reads it.
   * @param {Subscription} reader
   */
  pause(reader) {
    if (this.readers.size === 1 && this.readers.has(reader)) this.connection.run(this.query.pause());
  }

  /** Go on where it was paused. */
  resume() {
    if (this.query.paused) this.connection.run(this.connection.line.following.resume(this.query));
  }

  /** @param {import("./outputs.js").Output} output */
  tell(output) {
    for (const reader of [...this.readers]) reader.tell(output);
  }

  /**
   * Tell a late reader what the others know.
   * @param {Subscription} reader
   */
  #catchUp(reader) {
    const { query } = this;
    if (!this.readers.has(reader)) return;
    const snapshot = query.picture();
    if (snapshot !== null) reader.tell({ do: "snapshot", query, snapshot });
    reader.tell({ do: "subscription", query, state: query.state });
    if (query.error !== null) reader.tell({ do: "fail", query, error: query.error });
  }
}
