/** What is dispatched, and by what. @module */

/**
 * What a client and its subscriptions dispatch: an Event with a `detail`. Node 18 has no CustomEvent.
 *
 * @template [D=any]
 */
export class HubMessage extends Event {
  /**
   * @param {string} type
   * @param {D} detail
   */
  constructor(type, detail) {
    super(type);
    this.detail = detail;
  }
}

/**
 * An EventTarget, of which types know what it dispatches: `M` has the details by their names.
 *
 * @template {object} M
 */
export class Target extends EventTarget {
  /**
   * @template {keyof M & string} K
   * @overload
   * @param {K} type
   * @param {(message: HubMessage<M[K]>) => void} listener
   * @param {Parameters<EventTarget["addEventListener"]>[2]} [options]
   * @returns {void}
   */
  /**
   * @overload
   * @param {string} type
   * @param {Parameters<EventTarget["addEventListener"]>[1]} listener
   * @param {Parameters<EventTarget["addEventListener"]>[2]} [options]
   * @returns {void}
   */
  /**
   * @override
   * @param {string} type
   * @param {any} listener
   * @param {Parameters<EventTarget["addEventListener"]>[2]} [options]
   */
  addEventListener(type, listener, options) {
    super.addEventListener(type, listener, options);
  }

  /**
   * @template {keyof M & string} K
   * @overload
   * @param {K} type
   * @param {(message: HubMessage<M[K]>) => void} listener
   * @param {Parameters<EventTarget["removeEventListener"]>[2]} [options]
   * @returns {void}
   */
  /**
   * @overload
   * @param {string} type
   * @param {Parameters<EventTarget["removeEventListener"]>[1]} listener
   * @param {Parameters<EventTarget["removeEventListener"]>[2]} [options]
   * @returns {void}
   */
  /**
   * @override
   * @param {string} type
   * @param {any} listener
   * @param {Parameters<EventTarget["removeEventListener"]>[2]} [options]
   */
  removeEventListener(type, listener, options) {
    super.removeEventListener(type, listener, options);
  }
}
