/** The newest state of every entity, kept by a field of it. @module */

/**
 * A Map from the entity's key to its newest data. Read it; only its subscription writes.
 *
 * @template [D=any]
 * @extends {Map<any, D>}
 */
export class Items extends Map {
  /** @param {string} key The field that names an entity. */
  constructor(key) {
    super();
    this.key = key;
  }

  /** Whether it holds every entity: it began with a snapshot. */
  whole = false;

  /**
   * Forget what was.
   * @override
   */
  clear() {
    super.clear();
    this.whole = false;
  }

  /**
   * Hold these, and nothing else.
   * @param {Iterable<any>} all
   */
  reset(all) {
    super.clear();
    for (const one of all) this.#keep(one);
    this.whole = true;
  }

  /**
   * Hold what an event says; not a test's, and not what came too late to be the newest.
   * @param {import("./outputs.js").HubEvent} event
   */
  apply(event) {
    if (!event.test && event.type !== "contract_stale") this.#keep(event.data);
  }

  /** @param {any} one */
  #keep(one) {
    const name = one?.[this.key];
    if (name !== undefined && name !== null) this.set(name, one);
  }
}
