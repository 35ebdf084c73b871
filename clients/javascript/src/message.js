/** @module */

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
