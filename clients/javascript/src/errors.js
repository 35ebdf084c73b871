/**
 * Every failure that the hub or the way to it can report.
 *
 * - `HubError`
 *   - `AuthenticationFailed`  E_AUTHENTICATION_FAILED: not known, or not allowed; never retried
 *     - `Unauthorized`        throw it in `getToken`: there will be no token, so do not come back
 *   - `SerializationError`    E_SERIALIZATION_ERROR: a frame could not be read
 *   - `RequestRefused`        any other refusal, under the hub's own code
 *   - `HistoryGap`            history_gap: events after the position are gone for good
 *   - `SlowConsumer`          slow_consumer: an iterator that is read too slowly
 * @module
 */

/**
 * @typedef {object} Facts
 * @property {string} [code] The word to branch on.
 * @property {boolean} [retryable] Whether the same may succeed later.
 * @property {number | null} [status] HTTP status or WebSocket close code, if there was one.
 * @property {Record<string, unknown>} [problem] What the hub said, empty if nothing.
 * @property {number | null} [retryAfterMs] How long the hub asked to wait.
 * @property {string | null} [help] Address of the page that says what to do about it.
 */

/** Base of every error that this package throws on purpose. */
export class HubError extends Error {
  /**
   * @param {string} message
   * @param {Facts} [facts]
   */
  constructor(message, facts = {}) {
    super(message);
    this.name = new.target.name;
    this.code = facts.code ?? "internal";
    this.retryable = facts.retryable ?? false;
    this.status = facts.status ?? null;
    this.problem = facts.problem ?? {};
    this.retryAfterMs = facts.retryAfterMs ?? null;
    this.help = facts.help ?? null;
  }
}

/** The token is missing, wrong or revoked, or does not allow this. */
export class AuthenticationFailed extends HubError {
  /**
   * @param {string} message
   * @param {Facts} [facts]
   */
  constructor(message, facts = {}) {
    super(message, { code: "E_AUTHENTICATION_FAILED", ...facts });
  }
}

/** Thrown by `getToken` or `getTicket`: there will be none, so the client ends for good. */
export class Unauthorized extends AuthenticationFailed {
  /** @param {string} [message] */
  constructor(message = "there is no token for this hub") {
    super(message);
  }
}

/** A frame that is none, or not of the shape that its type promises. */
export class SerializationError extends HubError {
  /**
   * @param {string} message
   * @param {Facts} [facts]
   */
  constructor(message, facts = {}) {
    super(message, { code: "E_SERIALIZATION_ERROR", ...facts });
  }
}

/** The hub refused for a reason of its own; `code` is the hub's word for it. */
export class RequestRefused extends HubError {
  /**
   * @param {string} message
   * @param {Facts} [facts]
   */
  constructor(message, facts = {}) {
    super(message, { code: "request_refused", ...facts });
  }
}

/** Events after the position that was last seen are gone for good. */
export class HistoryGap extends HubError {
  /** @param {import("./outputs.js").Gap} gap */
  constructor(gap) {
    super(`${gap.channel}: events after ${gap.fromOffset} are gone: ${gap.reason}`, {
      code: "history_gap",
      help: gap.help,
    });
    this.channel = gap.channel;
    this.fromOffset = gap.fromOffset;
    this.toOffset = gap.toOffset;
    this.reason = gap.reason;
    this.position = gap.position;
  }
}

/** More events wait for an iterator than are kept; `position` is where to go on from. */
export class SlowConsumer extends HubError {
  /**
   * @param {string} message
   * @param {string | null} position
   */
  constructor(message, position) {
    super(message, { code: "slow_consumer", retryable: true });
    this.position = position;
  }
}
