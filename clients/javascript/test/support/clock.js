/** Time that only passes when a test says so. @module */

export class FakeClock {
  constructor({ chance = 0 } = {}) {
    this.time = 1_700_000_000_000;
    this.chance = chance;
    this.timers = new Map();
    this.number = 0;
  }

  now = () => this.time;

  random = () => this.chance;

  setTimer = (act, delayMs) => {
    this.number += 1;
    this.timers.set(this.number, { at: this.time + delayMs, act });
    return this.number;
  };

  clearTimer = (timer) => this.timers.delete(timer);

  /** Let time pass, and every timer fire when it is due; or, throttled, once a minute at most. */
  async pass(ms, { every = 0 } = {}) {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.timers].map(([id, timer]) => ({ id, ...timer, at: this.#fires(timer.at, every) }));
      const next = due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.time = Math.max(this.time, next.at);
      this.timers.delete(next.id);
      next.act();
      await settle();
    }
    this.time = end;
    await settle();
  }

  #fires(at, every) {
    return every ? Math.ceil(Math.max(at, this.time) / every) * every : at;
  }
}

/** Let everything that has been promised happen. */
export async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
