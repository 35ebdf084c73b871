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
