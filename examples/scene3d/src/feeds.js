/** A subscription a city: opened when it is shown, closed when it is hidden. @module */

/** So often a second at most comes the newest of each contract. */
export const MAX_HZ = 20;

/**
 * The hub keeps one subscription of a channel on a connection, so the client gives each city a
 * connection of its own: switching one touches no other, which then neither flickers nor misses
 * anything.
 */
export class Feeds {
  /** @type {Map<string, any>} */
  #open = new Map();
  #hub;
  #world;
  #heard;

  /**
   * @param {{ subscribe: (channel: string, options: object) => any }} hub A HubClient.
   * @param {import("./world.js").World} world
   * @param {(event?: any) => void} heard Called after each event and each change.
   */
  constructor(hub, world, heard) {
    this.#hub = hub;
    this.#world = world;
    this.#heard = heard;
  }

  /** Events that the hub has and this page has not, where it is the most; null before one is known. */
  get lag() {
    const lags = [...this.#open.values()].map(({ lag }) => lag).filter((lag) => lag !== null);
    return lags.length > 0 ? Math.max(...lags) : null;
  }

  /**
   * Whether all of a city is there that the hub had.
   * @param {string} city
   */
  ready(city) {
    return this.#open.get(city)?.state.state === "subscribed";
  }

  /** The first error that ended a subscription, if one did. */
  get error() {
    return [...this.#open.values()].map(({ error }) => error).find((error) => error !== null) ?? null;
  }

  /** @param {string} city */
  toggle(city) {
    if (this.#open.has(city)) this.hide(city);
    else this.show(city);
  }

  /** @param {string} city */
  show(city) {
    if (this.#open.has(city)) return;
    this.#world.show(city);
    const subscription = this.#hub.subscribe("contracts", {
      snapshot: true,
      // What came too late to be the newest (`contract_stale`) is not painted: it need not come.
      where: { location: [city], type: "contract_update" },
      conflate: { key: "contract_id", maxHz: MAX_HZ },
    });
    this.#open.set(city, subscription);
    subscription.addEventListener("snapshot", (/** @type {any} */ { detail }) => {
      this.#world.reset(city, detail.items, detail.position);
      this.#heard();
    });
    subscription.addEventListener("event", (/** @type {any} */ { detail }) => {
      this.#world.apply(city, detail);
      this.#heard(detail);
    });
    subscription.addEventListener("gap", (/** @type {any} */ { detail }) => {
      // Somebody else has come in: what was shown was not theirs to see.
      if (detail.reason === "principal_changed") this.#world.reset(city, [], detail.position);
      this.#heard();
    });
    subscription.addEventListener("state", () => this.#heard());
    this.#heard();
  }

  /** @param {string} city */
  hide(city) {
    const subscription = this.#open.get(city);
    this.#open.delete(city);
    subscription?.close();
    this.#world.hide(city);
    this.#heard();
  }
}
