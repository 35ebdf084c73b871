/**
 * What the core tells its shell, in order: values, and no code.
 * @module
 */

/**
 * @typedef {"connecting" | "connected" | "disconnected"} ClientWord
 * @typedef {"subscribing" | "subscribed" | "unsubscribed"} SubscriptionWord
 */

/**
 * What a client or a subscription is doing, and why.
 *
 * @template {string} [W=string]
 * @typedef {object} State
 * @property {W} state
 * @property {number | null} code Close code or HTTP status behind it; 1006: the network failed.
 * @property {string} reason One word, such as draining, network_error or heartbeat_timeout.
 * @property {string | null} help Address of a page about it, if there is one.
 * @property {number | null} retryInMs Until the next attempt; null when none is waited for.
 * @property {string} message The reason in a sentence, for a log.
 */

/** @typedef {State<ClientWord>} ClientState */
/** @typedef {State<SubscriptionWord>} SubscriptionState */

/**
 * One fact of one channel, as the hub sent it, and where that is.
 *
 * @template [D=any]
 * @typedef {object} HubEvent
 * @property {string} type contract_update, job_update, … or a word of your own.
 * @property {string} channel
 * @property {D} data
 * @property {number | null} offset Null for test and volatile events.
 * @property {string | null} id The same on WebSocket, SSE, history and webhook.
 * @property {string | null} timestamp The hub's clock at the commit, RFC 3339.
 * @property {string | null} position Store it once the event is handled; give it back as `since`.
 * @property {boolean} test It came from a test route and changed nothing.
 * @property {string | null} trace W3C traceparent of the request behind it.
 */

/**
 * The state of every entity of a channel at `position`: forget what you had.
 *
 * @template [D=any]
 * @typedef {object} Snapshot
 * @property {"snapshot"} type
 * @property {string} channel
 * @property {D[]} items One object an entity.
 * @property {number} offset
 * @property {string} position
 */

/**
 * Events that will not come.
 *
 * @typedef {object} Gap
 * @property {string} channel
 * @property {number} fromOffset The last offset that was seen.
 * @property {number} toOffset From where it goes on.
 * @property {string} reason expired, epoch_changed, principal_changed or missing.
 * @property {string} position What goes on behind the gap, as `since`.
 * @property {string | null} help
 */

/**
 * What the hub says of a connection that does not keep up.
 *
 * @typedef {object} Lag
 * @property {string} channel
 * @property {number} behind Events; 0: it has caught up.
 * @property {string} mode lossless, conflated or snapshot.
 */

/**
 * @typedef {import("./query.js").Query} Query
 * @typedef {Record<string, unknown> & { type: string }} Command
 */

/**
 * @typedef {{ do: "send", command: Command }
 *   | { do: "event", query: Query, event: HubEvent }
 *   | { do: "snapshot", query: Query, snapshot: Snapshot }
 *   | { do: "gap", query: Query, gap: Gap }
 *   | { do: "lag", query: Query, lag: Lag }
 *   | { do: "subscription", query: Query, state: SubscriptionState }
 *   | { do: "fail", query: Query, error: import("./errors.js").HubError }
 *   | { do: "state", state: ClientState }
 *   | { do: "token", why: TokenReason, turn: number }
 *   | { do: "open", ticket: string | null }
 *   | { do: "hang-up" }
 *   | { do: "ended", loss: import("./closing.js").Loss }} Output
 */

/** @typedef {"connect" | "renew" | "token_expired"} TokenReason Why a token is asked for. */

/**
 * Return a state with everything that was not said.
 *
 * @template {string} W
 * @param {W} word
 * @param {Partial<Omit<State, "state">>} [why]
 * @returns {State<W>}
 */
export function stateOf(word, why = {}) {
  return {
    state: word,
    code: why.code ?? null,
    reason: why.reason ?? "",
    help: why.help ?? null,
    retryInMs: why.retryInMs ?? null,
    message: why.message ?? "",
  };
}
