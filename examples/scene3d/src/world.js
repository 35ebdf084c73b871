/**
 * What is known of the contracts: snapshots and events in, buildings out.
 *
 * Each city is a subscription of its own, and no two of them come in step: so every fact has the place
 * in the log that it is from, and of two facts about one contract the later one holds.
 * @module
 */

import { CITIES } from "./looks.js";
import { halfOf, spot, spread } from "./layout.js";

/**
 * @typedef {object} Building
 * @property {string} id
 * @property {string} city
 * @property {string} status
 * @property {number} slot Its place in the city, which it keeps until it leaves.
 * @property {string} epoch Of the log that `offset` is of.
 * @property {number} offset What is known of it is from here.
 */

export class World {
  /** Grows with each change: who has drawn this one has nothing to do. */
  version = 0;
  /** @type {Map<string, Building>} */
  #buildings = new Map();
  /** @type {Map<string, (Building | undefined)[]>} The cities that are shown, and who is where. */
  #plots = new Map();

  /** How many buildings there are. */
  get size() {
    return this.#buildings.size;
  }

  /** All buildings. */
  get buildings() {
    return this.#buildings.values();
  }

  /**
   * Whether a city is shown.
   * @param {string} city
   */
  shows(city) {
    return this.#plots.has(city);
  }

  /**
   * Show a city, which is empty until its snapshot has come.
   * @param {string} city
   */
  show(city) {
    if (this.#plots.has(city)) return;
    this.#plots.set(city, []);
    this.version++;
  }

  /**
   * Take a city away, and all that is in it.
   * @param {string} city
   */
  hide(city) {
    for (const building of this.#of(city)) this.#buildings.delete(building.id);
    if (this.#plots.delete(city)) this.version++;
  }

  /**
   * A snapshot: what a city has, and nothing else. What stands and stays keeps its place.
   * @param {string} city
   * @param {readonly any[]} items
   * @param {string} position
   */
  reset(city, items, position) {
    if (!this.#plots.has(city)) return;
    const at = placeOf(position);
    const there = new Set(items.map((one) => one.contract_id));
    for (const one of this.#of(city)) {
      if (!there.has(one.id) && holds(at, one)) this.#leave(one);
    }
    // In one order for everybody, whatever order the hub keeps them in.
    const sorted = [...items].sort((one, other) => (one.contract_id < other.contract_id ? -1 : 1));
    for (const item of sorted) this.#put(city, item, at);
    this.version++;
  }

  /**
   * An event of a city. Tests and updates that came too late change nothing.
   * @param {string} city
   * @param {{ type: string, data: any, position: string | null, test: boolean }} event
   */
  apply(city, event) {
    const { type, data, position, test } = event;
    if (test || type !== "contract_update" || position === null || !this.#plots.has(city)) return;
    this.#put(city, data, placeOf(position));
    this.version++;
  }

  /**
   * Return how many contracts a city has, and how many of them are active.
   * @param {string} city
   */
  count(city) {
    const all = this.#of(city);
    return { total: all.length, active: all.filter((one) => one.status === "active").length };
  }

  /** Return the plots of all cities, shown or not, in metres: they move apart as the greatest grows. */
  get plots() {
    const halves = CITIES.map(({ name }) => halfOf(this.#plots.get(name)?.length ?? 0));
    const apart = spread(Math.max(...halves));
    return CITIES.map(({ name, x, z }, index) => {
      return { city: name, x: x * apart, z: z * apart, half: halves[index], shown: this.#plots.has(name) };
    });
  }

  /** Return how far it is from the middle to the corner of the outermost plot. */
  get radius() {
    return Math.max(...this.plots.map(({ x, z, half }) => Math.hypot(x, z) + half));
  }

  /** @param {string} city */
  #of(city) {
    return /** @type {Building[]} */ ((this.#plots.get(city) ?? []).filter((one) => one !== undefined));
  }

  /**
   * @param {string} city
   * @param {any} item
   * @param {{ epoch: string, offset: number }} at
   */
  #put(city, item, at) {
    const known = this.#buildings.get(item.contract_id);
    if (known && !holds(at, known)) return;
    if (known && known.city !== city) this.#leave(known);
    const slot = known?.city === city ? known.slot : this.#free(city);
    const building = { id: item.contract_id, city, status: item.status, slot, ...at };
    this.#buildings.set(building.id, building);
    /** @type {any} */ (this.#plots.get(city))[slot] = building;
  }

  /** @param {Building} building */
  #leave(building) {
    this.#buildings.delete(building.id);
    const plot = /** @type {(Building | undefined)[]} */ (this.#plots.get(building.city));
    plot[building.slot] = undefined;
    while (plot.length > 0 && plot.at(-1) === undefined) plot.pop();
  }

  /** @param {string} city */
  #free(city) {
    const plot = /** @type {(Building | undefined)[]} */ (this.#plots.get(city));
    const free = plot.indexOf(undefined);
    return free < 0 ? plot.length : free;
  }
}

/**
 * Return where a building stands, in metres.
 * @param {Building} building
 * @param {{ city: string, x: number, z: number }[]} plots
 */
export function standsAt(building, plots) {
  const plot = plots.find(({ city }) => city === building.city) ?? { x: 0, z: 0 };
  const { x, z } = spot(building.slot);
  return { x: plot.x + x, z: plot.z + z };
}

/** @param {string} position */
function placeOf(position) {
  const at = position.lastIndexOf(":");
  return { epoch: position.slice(0, at), offset: Number(position.slice(at + 1)) };
}

/**
 * Whether a fact holds against what is known. Of another epoch it does: that is another log, and the
 * old one is over.
 * @param {{ epoch: string, offset: number }} fact
 * @param {{ epoch: string, offset: number }} known
 */
function holds(fact, known) {
  return fact.epoch !== known.epoch || fact.offset >= known.offset;
}
