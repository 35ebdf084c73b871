/**
 * One query of one channel, without I/O: frames in, what to do out.
 *
 * The promise: events come out in order, each once, without a hole; or a gap is said. Whatever the
 * connection does, the query asks the hub for what follows the last event that came out.
 * @module
 */

import { NORMAL, ending, whyOf } from "./closing.js";
import { HistoryGap } from "./errors.js";
import { eventOf, gapOf, snapshotOf } from "./facts.js";
import { Items } from "./items.js";
import { stateOf } from "./outputs.js";
import { Track } from "./track.js";

/**
 * @typedef {import("./outputs.js").Output} Output
 * @typedef {import("./outputs.js").SubscriptionState} SubscriptionState
 * @typedef {import("./position.js").Stand} Stand
 * @typedef {import("./closing.js").Loss} Loss
 * @typedef {import("./frames.js").Push} Push
 */

export class Query {
  /** @type {SubscriptionState} The last one that was said. */
  state = Object.freeze(stateOf("subscribing"));
  /** Whether anything came out: who joins later has missed it. */
  begun = false;
  /** Whether it is over, until its line is connected anew. */
  ended = false;
  /** Whether it is over by itself, so that connecting anew does not help. */
  final = false;
  /** @type {import("./errors.js").HubError | null} Why it is over, if it is. */
  error = null;
  /** Whether it is left on purpose for a while: its reader is slow. */
  paused = false;
  #nextId;
  #help;

  /**
   * @param {import("./wants.js").Wants} wants
   * @param {() => string} nextId Makes ids of commands.
   * @param {(page: string | null) => string | null} help Makes the address of a page absolute.
   */
  constructor(wants, nextId, help = (page) => page) {
    this.wants = wants;
    this.channel = wants.channel;
    /** Kept where the wants name a key. */
    this.items = wants.key === null ? null : new Items(wants.key);
    /** Where it stands. */
    this.track = new Track(wants);
    this.#nextId = nextId;
    this.#help = help;
  }

  /**
   * Ask, on a new connection or anew on this one.
   * @returns {Output[]}
   */
  subscribe() {
    if (this.ended || this.paused) return [];
    return [{ do: "send", command: this.track.subscribe(this.#nextId()) }];
  }

  /**
   * Take it that there is no answer for a while, and why.
   * @param {SubscriptionState} state
   * @returns {Output[]}
   */
  wait(state) {
    this.track.rest();
    return this.ended || this.paused ? [] : [this.#change(state)];
  }

  /**
   * Take the hub's answer to a subscribe, or a snapshot that it begins by itself.
   * @param {import("./frames.js").Subscribed} reply
   * @returns {Output[]}
   */
  subscribed(reply) {
    if (!this.track.asked(reply.reply_to)) {
      this.track.renew(reply);
      return [];
    }
    if (this.track.beginsAnew(reply)) return this.#resubscribe();
    if (this.track.accept(reply)) return this.#ready();
    return this.#gap({ epoch: reply.epoch, offset: reply.offset }, reply.reason ?? "expired");
  }

  /**
   * Take a page; the whole snapshot comes out with its last one.
   * @param {import("./frames.js").Page} page
   * @returns {Output[]}
   */
  page(page) {
    const items = this.track.page(page);
    if (items === null) return [];
    this.begun = true;
    this.items?.reset(items);
    return [{ do: "snapshot", query: this, snapshot: snapshotOf(this.channel, items, this.track.stand) }, ...this.#ready()];
  }

  /**
   * Take an event.
   * @param {Push} push
   * @returns {Output[]}
   */
  push(push) {
    const verdict = this.track.admit(push);
    if (verdict === "hole") return this.#hole(push);
    return verdict === "next" ? [this.#event(push)] : [];
  }

  /**
   * Take the hub's word that it cannot repair a gap; it goes on behind it.
   * @param {import("./frames.js").Hole} hole
   * @returns {Output[]}
   */
  told(hole) {
    const at = this.track.behind(hole);
    return at === null ? [] : this.#gap(at, hole.reason ?? "expired");
  }

  /**
   * Take it that the hub finds this connection slow, or not any more.
   * @param {import("./frames.js").Slow} frame
   * @returns {Output[]}
   */
  slow({ channel, behind, mode }) {
    const { stand, live } = this.track;
    if (stand === null || !live) return [];
    this.track.head = stand.offset + behind;
    return [{ do: "lag", query: this, lag: Object.freeze({ channel, behind, mode }) }];
  }

  /**
   * Take where the hub says that this connection stands.
   * @param {string | null} epoch
   * @param {number} offset
   * @returns {Output[]}
   */
  heartbeat(epoch, offset) {
    const { stand, live } = this.track;
    if (stand === null || !live) return [];
    if (epoch !== null && epoch !== stand.epoch) return this.#resubscribe();
    this.track.move(offset);
    return [];
  }

  /**
   * Begin anew, because somebody else has come in: what was shown was not theirs.
   * @returns {Output[]}
   */
  forget() {
    const at = this.track.stand;
    if (at === null || this.ended) return [];
    this.items?.clear();
    this.track.reloading ||= this.wants.snapshot;
    return [{ do: "gap", query: this, gap: this.#describe(at, "principal_changed") }];
  }

  /**
   * Leave for a while; `resume` goes on from here.
   * @returns {Output[]}
   */
  pause() {
    if (this.paused || this.ended) return [];
    this.paused = true;
    this.track.rest();
    return [this.#leave()];
  }

  /** Let `subscribe` ask again. */
  resume() {
    this.paused = false;
  }

  /** Be as it was before it ended, where that was not its own end. */
  revive() {
    this.ended = this.final;
    if (!this.ended) this.error = null;
  }

  /**
   * End; the reader is told why.
   * @param {Loss} loss
   * @param {{ final: boolean }} more Whether connecting anew does not help.
   * @returns {Output[]}
   */
  end(loss, { final }) {
    if (this.ended) return [];
    this.track.rest();
    this.ended = true;
    this.final = final;
    this.error = loss.error;
    const change = this.#change(stateOf("unsubscribed", whyOf(loss, this.#help)));
    return [change, { do: "fail", query: this, error: loss.error }];
  }

  /**
   * End because nobody wants it any more.
   * @returns {Output[]}
   */
  close() {
    if (this.ended) return [];
    this.ended = this.final = true;
    return [this.#change(stateOf("unsubscribed", { code: NORMAL, reason: "closed" }))];
  }

  /**
   * What a reader who joins now begins with: the state of every entity, as of now.
   * @returns {import("./outputs.js").Snapshot | null} Null where that is not known.
   */
  picture() {
    if (!this.items?.whole) return null;
    return snapshotOf(this.channel, [...this.items.values()], this.track.stand);
  }

  /** @returns {Output} */
  #leave() {
    return { do: "send", command: { type: "unsubscribe", channel: this.channel } };
  }

  /** @returns {Output[]} */
  #resubscribe() {
    return [this.#leave(), ...this.subscribe()];
  }

  /**
   * @param {Push} push
   * @returns {Output[]}
   */
  #hole(push) {
    const { stand } = this.track;
    if (this.track.mayRepair() || stand === null) return this.#resubscribe();
    // The hub was asked for it and sent the same hole again: it has no such events.
    const gap = this.#gap({ epoch: stand.epoch, offset: push.before }, "missing");
    return this.wants.onGap === "skip" ? [...gap, ...this.push(push)] : gap;
  }

  /**
   * @param {Stand} at
   * @param {string} reason
   * @returns {Output[]}
   */
  #gap(at, reason) {
    const gap = this.#describe(at, reason);
    /** @type {Output} */
    const told = { do: "gap", query: this, gap };
    if (this.wants.onGap === "raise") {
      const loss = ending(new HistoryGap(gap), null, "history_gap");
      return [told, this.#leave(), ...this.end(loss, { final: true })];
    }
    if (this.wants.onGap === "snapshot") {
      this.track.reloading = true;
      return [told, ...this.#resubscribe()];
    }
    this.track.land(at);
    return [told, ...this.#ready()];
  }

  /**
   * @param {Stand} at
   * @param {string} reason
   */
  #describe(at, reason) {
    const help = this.#help("/docs/errors/history_gap");
    return gapOf(this.channel, this.track.stand, at, reason, help);
  }

  /** @returns {Output[]} */
  #ready() {
    return this.track.live && this.state.state !== "subscribed" ? [this.#change(stateOf("subscribed"))] : [];
  }

  /**
   * @param {Push} push
   * @returns {Output}
   */
  #event(push) {
    this.begun = true;
    const event = eventOf(push, this.track.position);
    this.items?.apply(event);
    return { do: "event", query: this, event };
  }

  /**
   * @param {SubscriptionState} state
   * @returns {Output}
   */
  #change(state) {
    this.state = Object.freeze(state);
    return { do: "subscription", query: this, state: this.state };
  }
}
