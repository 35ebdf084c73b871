// A window of the past again: its events from the log, in order, at a speed; then now.

const CHANNELS = { contracts: "contract_id", jobs: "job_id" };
const PAGE = 1000;
const MOST_PAGES = 20;
const TICK_MS = 100;

/** Load what the log has of a window; at: when it begins, in milliseconds. Throws what the hub says. */
export async function load(api, at) {
  const since = new Date(at).toISOString();
  const events = [];
  const before = {};
  let isCut = false;
  for (const channel of Object.keys(CHANNELS)) {
    let query = { limit: PAGE, since_time: since };
    const found = [];
    for (let page = 0; query && page < MOST_PAGES; page += 1) {
      const told = await api.get(`/api/channels/${channel}/history`, query);
      for (const event of told.events) found.push({ test: false, ...event, position: `${told.epoch}:${event.offset}` });
      const last = told.events[told.events.length - 1];
      query = last && last.offset < told.offset ? { limit: PAGE, since: last.offset } : null;
      isCut ||= Boolean(query) && page + 1 === MOST_PAGES;
    }
    events.push(...found);
    before[channel] = found.length ? await earlier(api, channel, found[0].offset) : [];
  }
  const timed = events.map((event) => ({ at: Date.parse(event.timestamp), event })).sort((a, b) => a.at - b.at);
  return { timed, before, isCut };
}

// What was known shortly before the window: without it, entities that change in it would begin as nothing.
async function earlier(api, channel, offset) {
  const { events } = await api.get(`/api/channels/${channel}/history`, { limit: PAGE, before: offset });
  return events;
}

/** Plays a window into a store. Dispatches `tick` as it goes, and `end` when it has come to now. */
export class Replay extends EventTarget {
  speed = 10;
  paused = false;
  contracts = new Map();
  jobs = new Map();
  feed = [];
  #store;
  #timed;
  #next = 0;
  #last = performance.now();
  #timer = 0;

  constructor(store, { timed, before }, from) {
    super();
    this.#store = store;
    this.#timed = timed;
    this.from = from;
    this.to = Date.now();
    this.clock = from;
    for (const channel of Object.keys(CHANNELS)) this.#seed(channel, before[channel]);
    store.replay = this;
    this.#tell();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  stop() {
    clearInterval(this.#timer);
    if (this.#store.replay === this) this.#store.replay = null;
    this.#tell();
  }

  /** How much of the window was shown, 0 to 1. */
  get share() {
    return Math.min(1, (this.clock - this.from) / Math.max(1, this.to - this.from));
  }

  // What does not change in the window is as it is now; what does is as it was said last before it.
  #seed(channel, before) {
    const key = CHANNELS[channel];
    const changes = new Set(this.#timed.filter(({ event }) => event.channel === channel).map(({ event }) => event.data[key]));
    for (const [id, one] of this.#store.live(channel)) if (!changes.has(id)) this[channel].set(id, one);
    for (const event of before) if (changes.has(event.data[key]) && event.type !== "contract_stale") this[channel].set(event.data[key], event.data);
  }

  #tick() {
    const now = performance.now();
    const gone = now - this.#last;
    this.#last = now;
    if (this.paused) return;
    this.clock += gone * this.speed;
    let told = 0;
    for (; this.#next < this.#timed.length && this.#timed[this.#next].at <= this.clock; this.#next += 1, told += 1) {
      this.#apply(this.#timed[this.#next].event);
    }
    if (told) this.#tell();
    this.dispatchEvent(new Event("tick"));
    if (this.#next >= this.#timed.length && this.clock >= this.to) this.dispatchEvent(new Event("end"));
  }

  #apply(event) {
    const { channel, data, type } = event;
    if (type !== "contract_stale") this[channel].set(data[CHANNELS[channel]], data);
    this.#store.retell(event);
  }

  #tell() {
    this.#store.changed("contracts", "jobs", "feed");
  }
}
