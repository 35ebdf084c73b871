/** How fast things go: frames and updates a second, and how old an update is when it is seen. @module */

const WINDOW_MS = 1000;
/** A frame that takes longer is slow; so many more slow ones than others are too many. */
const [SLOW_S, PATIENCE] = [0.045, 12];
const COARSEST = 0.5;

/** Counts what happened in the last second. */
export class Rate {
  /** @type {number[]} */
  #times = [];

  /** @param {number} now Milliseconds. */
  note(now) {
    this.#times.push(now);
    this.#forget(now);
  }

  /** @param {number} now Milliseconds. */
  at(now) {
    this.#forget(now);
    return this.#times.length;
  }

  /** @param {number} now */
  #forget(now) {
    const kept = this.#times.findIndex((time) => time > now - WINDOW_MS);
    this.#times = kept < 0 ? [] : this.#times.slice(kept);
  }
}

/**
 * How long updates took from the hub's log to the screen: the longest of the last frames that showed any.
 *
 * The two clocks need not agree: an update that comes from the future says by how much ours is behind.
 */
export class Delay {
  /** Milliseconds; null before the first. */
  ms = /** @type {number | null} */ (null);
  #behind = 0;
  #waiting = /** @type {number[]} */ ([]);

  /** @param {string | null} timestamp The hub's clock, as the event has it. */
  heard(timestamp) {
    const at = Date.parse(timestamp ?? "");
    if (!Number.isNaN(at)) this.#waiting.push(at);
  }

  /** @param {number} now Milliseconds of this machine's clock, as a frame shows what was heard. */
  shown(now) {
    if (this.#waiting.length === 0) return;
    this.#behind = Math.max(this.#behind, Math.max(...this.#waiting) - now);
    this.ms = Math.round(now + this.#behind - Math.min(...this.#waiting));
    this.#waiting = [];
  }
}

/** How fine the picture is drawn: coarser where the machine does not keep up. */
export class Detail {
  /** Of the screen's pixels, each way. */
  share = 1;
  #slow = 0;

  /**
   * Go on by a frame.
   * @param {number} seconds It took.
   * @returns {boolean} Whether the share is another one now.
   */
  step(seconds) {
    this.#slow = seconds > SLOW_S ? this.#slow + 1 : Math.max(0, this.#slow - 1);
    if (this.#slow < PATIENCE || this.share <= COARSEST) return false;
    this.#slow = 0;
    this.share = Math.max(COARSEST, this.share * 0.7);
    return true;
  }
}
