/** Listen to a Hub from a browser or from Node; see README.md. @module */

export { HubClient } from "./client.js";
export {
  AuthenticationFailed,
  HistoryGap,
  HubError,
  RequestRefused,
  SerializationError,
  SlowConsumer,
  Unauthorized,
} from "./errors.js";
export { Subscription } from "./subscription.js";

/**
 * @typedef {import("./options.js").HubOptions} HubOptions
 * @typedef {import("./wants.js").SubscribeOptions} SubscribeOptions
 * @typedef {import("./outputs.js").ClientState} ClientState
 * @typedef {import("./outputs.js").SubscriptionState} SubscriptionState
 * @typedef {import("./outputs.js").Gap} Gap
 * @typedef {import("./outputs.js").Lag} Lag
 * @typedef {import("./types.js").ContractData} ContractData
 * @typedef {import("./types.js").JobData} JobData
 */
/** @template [D=any] @typedef {import("./outputs.js").HubEvent<D>} HubEvent */
/** @template [D=any] @typedef {import("./outputs.js").Snapshot<D>} Snapshot */
