// Events a second and how late they came, for the last minutes, as this page has seen them.

export const SECONDS = 300;
const SAMPLES = 400;
const REPLAYED_MS = 10_000;

/** One ring a channel: a slot a second. */
export class Rates {
  #channels = new Map();
  #since = new Map(); // From when on the counts of a channel are whole, in seconds.
  #late = Array.from({ length: SECONDS }, () => ({ second: -1, samples: [] }));

  /** Take an event of a moment that came now; lateMs: since its commit; null: nobody knows. */
  take(channel, lateMs, at) {
    const second = Math.floor(at / 1000);
    this.#add(channel, second, 1);
    // What waited for the page to come back says nothing of how fast the hub is.
    if (lateMs === null || lateMs > REPLAYED_MS) return;
    const slot = this.#late[second % SECONDS];
    if (slot.second !== second) Object.assign(slot, { second, samples: [] });
    if (slot.samples.length < SAMPLES) slot.samples.push(Math.max(0, lateMs));
  }

  /** Take what the log says of times before this page was opened; since: before that, in seconds, there may be more. */
  takePast(channel, times, since) {
    this.#add(channel, 0, 0);
    this.#since.set(channel, since);
    for (const at of times) this.#add(channel, Math.floor(at / 1000), 1);
  }

  /** Events of each of the last seconds but the present one, the oldest first; NaN where nobody knows. */
  series(channel, seconds = SECONDS) {
    const ring = this.#channels.get(channel);
    return this.#each(seconds, (second) => {
      const slot = ring?.[second % SECONDS];
      if (second < (this.#since.get(channel) ?? 0)) return NaN;
      return slot?.second === second ? slot.count : 0;
    });
  }

  /** All channels together. */
  total(seconds = SECONDS) {
    const all = [...this.#channels.keys()].map((channel) => this.series(channel, seconds));
    return Array.from({ length: seconds }, (_, index) => all.reduce((sum, one) => sum + one[index], 0));
  }

  /** Events a second over the last few. */
  now(channel, over = 5) {
    const counts = channel === undefined ? this.total(over) : this.series(channel, over);
    return counts.reduce((sum, one) => sum + one, 0) / over;
  }

  /** The latency below which a share of the events of each second was; NaN where there were none. */
  latency(share, seconds = SECONDS) {
    return this.#each(seconds, (second) => {
      const slot = this.#late[second % SECONDS];
      return slot.second === second ? below(slot.samples, share) : NaN;
    });
  }

  /** The same over the last seconds together. */
  latencyNow(share, over = 30) {
    const slots = this.#each(over, (second) => this.#late[second % SECONDS].second === second && second % SECONDS);
    return below(slots.flatMap((index) => (index === false ? [] : this.#late[index].samples)), share);
  }

  get channels() {
    return [...this.#channels.keys()];
  }

  #add(channel, second, count) {
    let ring = this.#channels.get(channel);
    if (!ring) this.#channels.set(channel, (ring = Array.from({ length: SECONDS }, () => ({ second: -1, count: 0 }))));
    const slot = ring[second % SECONDS];
    if (slot.second > second) return;
    if (slot.second !== second) Object.assign(slot, { second, count: 0 });
    slot.count += count;
  }

  #each(seconds, value) {
    const last = Math.floor(Date.now() / 1000) - 1;
    return Array.from({ length: seconds }, (_, index) => value(last - seconds + 1 + index));
  }
}

function below(samples, share) {
  if (!samples.length) return NaN;
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
