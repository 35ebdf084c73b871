/**
 * Where one query stands in its channel, and what it asks the hub for.
 *
 * It is *asked* (a subscribe is on its way), then *live*. What arrives while it is not live belongs
 * to an earlier subscribe and is dropped: the hub replays everything after the offset asked for.
 * @module
 */

import { render, same } from "./position.js";

/**
 * @typedef {import("./position.js").Stand} Stand
 * @typedef {import("./frames.js").Subscribed} Subscribed
 * @typedef {import("./frames.js").Push} Push
 */

/** Why a channel that keeps no events cannot be resumed: none were promised, so none are lost. */
const VOLATILE = "volatile";

export class Track {
  /** @type {number | null} The newest offset that the hub is known to have. */
  head = null;
  /** Whether the hub has answered. */
  live = false;
  /** @type {Stand | null} The newest event that was seen; null until the hub first answers. */
  stand;
  /** Whether a snapshot is asked for, until one is complete. */
  reloading;
  /** @type {string | null} */
  #asked = null;
  /** @type {Stand | null} Where the snapshot that arrives will stand. */
  #landing = null;
  /** @type {any[]} */
  #pages = [];
  /** @type {Stand | null} The hole behind it was asked for already. */
  #repairedAt = null;
  #wants;

  /** @param {import("./wants.js").Wants} wants */
  constructor(wants) {
    this.stand = wants.since;
    this.reloading = wants.since === null && wants.snapshot;
    this.#wants = wants;
  }

  /** Where the reader stands once everything that came out is handled. */
  get position() {
    return render(this.stand);
  }

  /** Events the hub is known to have beyond what came out; null before its first answer. */
  get lag() {
    if (this.stand === null || this.head === null) return null;
    return Math.max(0, this.head - this.stand.offset);
  }

  /**
   * Return the command, and wait for its reply from now on.
   * @param {string} id
   * @returns {import("./outputs.js").Command}
   */
  subscribe(id) {
    this.rest();
    this.#asked = id;
    const { channel, history, view } = this.#wants;
    /** @type {Record<string, unknown>} */
    const start = {};
    if (this.reloading) start.snapshot = true;
    else if (this.stand) start.since = { epoch: this.stand.epoch, offset: this.stand.offset };
    else if (history !== null) start.history = history;
    return { type: "subscribe", id, channel, ...start, ...view };
  }

  /** Nothing is asked, and nothing is taken. */
  rest() {
    this.live = false;
    this.#asked = this.#landing = null;
    this.#pages = [];
  }

  /**
   * Whether a reply is to what was asked for and is not complete.
   * @param {unknown} replyTo
   */
  asked(replyTo) {
    return this.#asked !== null && this.#asked === replyTo;
  }

  /**
   * Take the hub's answer; false when what was missed is gone.
   * @param {Subscribed} reply
   */
  accept(reply) {
    // A snapshot may still be refused, behind some of its pages.
    if (!this.reloading) this.#asked = null;
    this.head = reply.head ?? reply.offset;
    const at = { epoch: reply.epoch, offset: reply.offset };
    if (this.reloading) {
      this.#landing = at;
      this.#pages = [];
    } else if (this.stand === null) {
      this.land(at);
    } else if (reply.recovered === false && reply.reason !== VOLATILE) {
      return false;
    } else {
      this.land({ epoch: reply.epoch, offset: this.stand.offset });
    }
    return true;
  }

  /**
   * Whether a snapshot is to be asked for again: the channel keeps nothing to resume.
   * @param {Subscribed} reply
   */
  beginsAnew(reply) {
    const anew = reply.reason === VOLATILE && this.#wants.snapshot && !this.reloading;
    this.reloading ||= anew;
    return anew;
  }

  /**
   * Take a snapshot that was not asked for, unless it is an earlier subscribe's.
   *
   * The hub sends one to a conflating reader that fell too far behind.
   * @param {Subscribed} told
   */
  renew(told) {
    if (told.reply_to !== null || !this.live) return;
    this.live = false;
    this.reloading = true;
    this.accept(told);
  }

  /**
   * Take a page; return the whole snapshot with its last one.
   * @param {import("./frames.js").Page} page
   * @returns {any[] | null}
   */
  page(page) {
    if (this.#landing === null) return null;
    for (const item of page.items) this.#pages.push(item);
    if (page.more) return null;
    const items = this.#pages;
    this.land(this.#landing);
    this.#pages = [];
    this.#asked = this.#landing = null;
    this.reloading = false;
    return items;
  }

  /**
   * Stand there and be live.
   * @param {Stand} stand
   */
  land(stand) {
    this.stand = stand;
    this.head = Math.max(this.head ?? 0, stand.offset);
    this.live = true;
  }

  /**
   * Judge an event by its offset, and stand on it if it is the next one.
   * @param {Push} push
   * @returns {"next" | "seen" | "hole"}
   */
  admit(push) {
    if (push.offset === null) return this.live ? "next" : "seen";
    if (!this.live || this.stand === null || push.offset <= this.stand.offset) return "seen";
    this.head = Math.max(this.head ?? 0, push.offset);
    if (this.stand.offset < push.before) return "hole";
    this.stand = { epoch: this.stand.epoch, offset: push.offset };
    return "next";
  }

  /**
   * Take the hub's word that nothing up to `offset` is left to come: a view leaves events out.
   * @param {number} offset
   */
  move(offset) {
    const narrowed = Object.keys(this.#wants.view).length > 0;
    if (!narrowed || !this.live || this.stand === null || offset <= this.stand.offset) return;
    this.land({ epoch: this.stand.epoch, offset });
  }

  /**
   * Return where it goes on behind a gap that the hub tells of; null where that was passed.
   * @param {import("./frames.js").Hole} hole
   * @returns {Stand | null}
   */
  behind(hole) {
    if (this.stand === null || !this.live) return null;
    const at = { epoch: hole.epoch ?? this.stand.epoch, offset: hole.to };
    if (at.epoch !== this.stand.epoch) return at;
    if (at.offset <= this.stand.offset) return null;
    this.move(hole.from - 1);
    return at;
  }

  /** Whether the hole after `stand` was not asked for already; marks it as asked for. */
  mayRepair() {
    const fresh = !same(this.#repairedAt, this.stand);
    this.#repairedAt = this.stand;
    return fresh;
  }
}
