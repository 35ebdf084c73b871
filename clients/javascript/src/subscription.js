/** What `subscribe` returns: one reader of a query that others may read, too. @module */

import { NORMAL } from "./closing.js";
import { HubMessage, Target } from "./message.js";
import { stateOf } from "./outputs.js";
import { Reading } from "./reading.js";

/**
 * @typedef {import("./outputs.js").Output} Output
 * @typedef {import("./outputs.js").SubscriptionState} SubscriptionState
 */

/**
 * Listen to it, or iterate over it; close it when it is not wanted any more.
 *
 * Dispatches `state`, `snapshot`, `event`, `gap` and `lag`, each with a `detail`. An iterator brings
 * events and snapshots in the same order, from the moment on when the iteration begins.
 *
 * @template [D=any]
 * @extends {Target<import("./channels.js").SubscriptionMessages<D>>}
 */
export class Subscription extends Target {
  /** @type {import("./outputs.js").Gap | null} The newest that was told. */
  lastGap = null;
  /** How often the hub has said that this connection does not keep up. */
  lags = 0;
  /** @type {import("./errors.js").HubError | null} Why it is over, if it is and was not closed. */
  error = null;
  /** @type {SubscriptionState | null} */
  #ended = null;
  /** @type {Reading | null} */
  #reading = null;
  #share;

  /** @param {import("./share.js").Share} share */
  constructor(share) {
    super();
    this.#share = share;
    this.channel = share.query.channel;
  }

  /** @type {SubscriptionState} What it is doing, and why. */
  get state() {
    return this.#ended ?? this.#share.query.state;
  }

  /**
   * The newest state of every entity, where `snapshot` or a `key` was asked for, else null.
   * @returns {import("./items.js").Items<D> | null}
   */
  get items() {
    return this.#share.query.items;
  }

  /** Store it, and give it back as `since`: what follows comes, once. Null before the hub's answer. */
  get position() {
    const read = this.#reading?.position;
    return read === undefined ? this.#share.query.track.position : read;
  }

  /** Events the hub has and the reader has not; null until the hub first says. */
  get lag() {
    const { lag } = this.#share.query.track;
    return lag === null ? null : lag + (this.#reading?.size ?? 0);
  }

  /** Whether it was closed. */
  get closed() {
    return this.#ended !== null;
  }

  /** End it. Closing twice is fine; others who read the same go on. */
  close() {
    if (this.#ended) return;
    this.#ended = Object.freeze(stateOf("unsubscribed", { code: NORMAL, reason: "closed" }));
    this.#share.leave(this);
    this.dispatchEvent(new HubMessage("state", this.#ended));
    this.#reading?.end(null);
  }

  /** @returns {AsyncIterableIterator<import("./outputs.js").HubEvent<D> | import("./outputs.js").Snapshot<D>>} */
  [Symbol.asyncIterator]() {
    if (this.#reading) throw new TypeError("expected one iteration of a subscription, got a second");
    this.#reading = new Reading({
      pause: () => this.#share.pause(this),
      resume: () => this.#share.resume(),
      close: () => this.close(),
    });
    if (this.#ended || this.error) this.#reading.end(this.#ended ? null : this.error);
    return /** @type {any} */ (this.#reading);
  }

  /**
   * Tell its reader; called by the client.
   * @param {Output} output
   */
  tell(output) {
    if (this.#ended) return;
    switch (output.do) {
      case "event":
        this.#reading?.push(output.event);
        this.dispatchEvent(new HubMessage("event", output.event));
        break;
      case "snapshot":
        this.#reading?.push(output.snapshot);
        this.dispatchEvent(new HubMessage("snapshot", output.snapshot));
        break;
      case "gap":
        this.lastGap = output.gap;
        this.dispatchEvent(new HubMessage("gap", output.gap));
        break;
      case "lag":
        this.lags += output.lag.behind > 0 ? 1 : 0;
        this.dispatchEvent(new HubMessage("lag", output.lag));
        break;
      case "subscription":
        if (output.state.state !== "unsubscribed") this.error = null;
        this.dispatchEvent(new HubMessage("state", output.state));
        break;
      case "fail":
        this.error = output.error;
        this.#reading?.end(output.error);
        break;
      default:
    }
  }
}
