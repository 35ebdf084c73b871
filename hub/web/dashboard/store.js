// What the hub has told, for all views: contracts, jobs, alerts, the newest events, and rates.

import { moment } from "./format.js";
import { Rates } from "./rates.js";
import { wire } from "./wire.js";

const FEED = 200;
const CHANNELS = ["contracts", "jobs"];
const ALERTS = "alerts";

/** Dispatches `contracts`, `jobs`, `alerts`, `feed` and `standing` when there is something new to draw. */
export class Store extends EventTarget {
  rates = new Rates();
  #feed = [];
  /** Ids of contracts and jobs, with when they last changed here: what flashes, and what comes first. */
  touched = new Map();
  /** Alerts that are raised, by their key; null: this principal may not see them. */
  alerts = new Map();
  /** What a replay shows in place of what is now; null: this is now. */
  replay = null;
  #subscriptions = new Map();
  #order = 0;
  #loaded = new Set();
  #api;

  constructor(hub, api) {
    super();
    this.#api = api;
    for (const channel of CHANNELS) this.#follow(hub, channel, { snapshot: true });
    this.#follow(hub, ALERTS, { onGap: "skip" });
  }

  /** The newest events first. */
  get feed() {
    return this.replay?.feed ?? this.#feed;
  }

  get contracts() {
    return this.replay?.contracts ?? this.#items("contracts");
  }

  get jobs() {
    return this.replay?.jobs ?? this.#items("jobs");
  }

  /** Where this page stands in a channel; null: nowhere yet. */
  position(channel) {
    return this.#subscriptions.get(channel)?.position ?? null;
  }

  /** How a channel fares: its subscription's state, lag and what it lost. */
  standing(channel) {
    return this.#subscriptions.get(channel) ?? null;
  }

  get channels() {
    return [...this.#subscriptions.keys()];
  }

  /** Whether nothing was ever sent to this hub, as far as this page may see. */
  get isEmpty() {
    const asked = CHANNELS.map((channel) => this.#subscriptions.get(channel));
    return asked.every((one) => one.state.state === "subscribed") && !this.contracts.size && !this.jobs.size;
  }

  /** Change what is shown without the hub having told anything: a replay does. */
  changed(...names) {
    for (const name of names) this.dispatchEvent(new Event(name));
  }

  touch(id) {
    this.touched.set(id, { at: performance.now(), order: ++this.#order });
  }

  /** Show an event of a replay. */
  retell(event) {
    keep(this.replay.feed, event);
    this.touch(event.data.contract_id ?? event.data.job_id);
    this.dispatchEvent(new CustomEvent("replayed", { detail: event }));
  }

  /** The state of a channel now, whatever a replay shows. */
  live(channel) {
    return this.#items(channel);
  }

  #items(channel) {
    return this.#subscriptions.get(channel).items ?? new Map();
  }

  #follow(hub, channel, options) {
    const subscription = hub.subscribe(channel, options);
    this.#subscriptions.set(channel, subscription);
    subscription.addEventListener("event", ({ detail }) => this.#take(detail));
    subscription.addEventListener("snapshot", ({ detail }) => this.#reset(detail));
    for (const name of ["state", "gap", "lag"]) {
      subscription.addEventListener(name, () => this.#stands(channel, subscription));
    }
  }

  #take(event) {
    const { channel, data, type, test } = event;
    const late = this.#lateness(event);
    // After a break what was missed comes at once: it is counted when it happened.
    this.rates.take(channel, late, Date.now() - (late ?? 0));
    // Stale or a test: told, but it changes nothing.
    if (!test && type !== "contract_stale") this.touch(data.contract_id ?? data.job_id);
    if (channel === ALERTS && this.alerts) this.#alert(data);
    keep(this.#feed, event);
    // While a replay is shown, what comes is kept for later and draws nothing.
    if (this.replay) return;
    this.dispatchEvent(new Event("feed"));
    this.dispatchEvent(new Event(channel));
  }

  #reset({ channel, items, offset }) {
    if (!this.#loaded.has(channel)) void this.#loadPast(channel, offset);
    const name = channel === "jobs" ? "job_id" : "contract_id";
    const when = channel === "jobs" ? "updated_at" : "timestamp";
    const oldestFirst = items.map((item) => [moment(item[when]) || 0, item[name]]).sort((a, b) => a[0] - b[0]);
    for (const [, id] of oldestFirst) this.touched.set(id, { at: -Infinity, order: ++this.#order });
    this.dispatchEvent(new Event(channel));
  }

  #lateness({ timestamp }) {
    if (wire.skewMs === null || !timestamp) return null;
    return Date.now() - Date.parse(timestamp) - wire.skewMs;
  }

  #stands(channel, { state }) {
    if (channel === ALERTS && state.state === "subscribed") void this.#loadAlerts();
    if (channel === ALERTS && state.reason === "forbidden") this.alerts = null;
    this.dispatchEvent(new Event("standing"));
  }

  #alert(alert) {
    const key = `${alert.alert}:${alert.subject}`;
    if (alert.until) this.alerts.delete(key);
    else this.alerts.set(key, alert);
  }

  async #loadAlerts() {
    const { alerts, recent } = await this.#api.get("/api/alerts").catch(() => ({ alerts: null, recent: [] }));
    this.alerts = alerts && new Map(alerts.map((one) => [`${one.alert}:${one.subject}`, one]));
    this.recentAlerts = recent;
    this.changed(ALERTS);
  }

  // Feed and curves begin with what the log says up to the snapshot, not with the opening of the page.
  async #loadPast(channel, offset) {
    this.#loaded.add(channel);
    const asked = { limit: 1000, before: offset + 1 };
    const page = await this.#api.get(`/api/channels/${channel}/history`, asked).catch(() => null);
    if (!page) return;
    const times = page.events.map((event) => Date.parse(event.timestamp));
    const since = page.oldest < (page.events[0]?.offset ?? 0) ? Math.ceil(times[0] / 1000) : 0;
    this.rates.takePast(channel, times.filter((at) => at > Date.now() - 290_000), since);
    for (const event of page.events.slice(-30)) this.#past(event, page.epoch);
    this.#feed.sort(newestFirst);
    this.changed("feed");
  }

  #past(event, epoch) {
    if (this.#feed.some(({ id }) => id === event.id)) return;
    this.#feed.push({ ...event, position: event.offset ? `${epoch}:${event.offset}` : null, test: event.test ?? false });
  }
}

// What was committed together has one time; its offsets say what came first.
function newestFirst(a, b) {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp ? 1 : -1;
  return a.channel === b.channel ? b.offset - a.offset : 0;
}

function keep(feed, event) {
  feed.unshift(event);
  if (feed.length > FEED) feed.length = FEED;
}
