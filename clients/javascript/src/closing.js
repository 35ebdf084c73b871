/**
 * What the end of a connection means: come back, or not.
 *
 * 4000-4499 come back, 4500-4999 do not; of the RFC's codes those that blame the client's frames
 * (1002, 1003, 1007-1010) do not. A refused request comes back after 408, 425, 429 and 5xx.
 * @module
 */

import { AuthenticationFailed, RequestRefused, SerializationError } from "./errors.js";

/** @typedef {import("./errors.js").HubError} HubError */

/**
 * Why there is no connection.
 *
 * @typedef {object} Loss
 * @property {number | null} code
 * @property {string} reason
 * @property {HubError} error What to throw, if it is final.
 * @property {boolean} final Do not come back.
 * @property {number | null} retryAfterMs What the hub asked for; null: back off.
 */

export const NORMAL = 1000;
export const ABNORMAL = 1006;
const INVALID_DATA = 1007;
export const TOKEN_EXPIRED = 4401;

/** @type {Record<number, string>} */
export const NAMES = {
  1000: "closed",
  1001: "going_away",
  1002: "protocol_error",
  1003: "unsupported_data",
  1005: "closed",
  1006: "network_error",
  1007: "invalid_data",
  1008: "policy_violation",
  1009: "message_too_big",
  1011: "internal_error",
  1012: "service_restart",
  1013: "try_again_later",
  4401: "token_expired",
  4408: "slow_consumer",
  4410: "heartbeat_timeout",
  4412: "draining",
  4414: "reconnect",
  4429: "rate_limited",
  4500: "bad_frame",
  4501: "unauthenticated",
  4503: "forbidden",
  4508: "connection_limit",
  4509: "disconnected",
};
/** Pages about what the client says itself; of its other words there is a page by their own name. */
const PAGES = new Map([
  ["timeout", "E_TIMEOUT"],
  ["token_pending", "E_AUTHENTICATION_FAILED"],
  ["token_refused", "E_AUTHENTICATION_FAILED"],
  ["token_unavailable", "E_AUTHENTICATION_FAILED"],
]);
const FINAL_RFC = new Set([1002, 1003, 1007, 1008, 1009, 1010]);
const UNAUTHORIZED = new Set([401, 403, 4501, 4503]);
const UNAUTHORIZED_WORDS = new Set(["unauthenticated", "forbidden", "E_AUTHENTICATION_FAILED"]);
const PASSING = new Set([408, 425, 429]);

/**
 * Return what a close frame means; `text` may be JSON with `retry_after_ms`.
 * @param {number} code
 * @param {string} text
 * @returns {Loss}
 */
export function closed(code, text) {
  const said = object(text);
  const word = said.code ?? said.reason ?? NAMES[code] ?? (text || `close_${code}`);
  const reason = typeof word === "string" ? word : (NAMES[code] ?? `close_${code}`);
  const final = FINAL_RFC.has(code) || (code >= 4500 && code < 5000);
  const plain = Object.keys(said).length ? reason : text || reason;
  const message = `closed with ${code}: ${said.message ?? plain}`;
  return loss(code, reason, message, { final, said, retryAfterMs: milliseconds(said.retry_after_ms) });
}

/**
 * Return what an HTTP answer other than 200 means.
 * @param {number} status
 * @param {Record<string, any>} problem RFC 9457, or empty.
 * @param {number | null} retryAfterMs
 * @returns {Loss}
 */
export function answered(status, problem, retryAfterMs = null) {
  const reason = typeof problem.code === "string" ? problem.code : `http_${status}`;
  // A token that has run out is not the end: there may be a newer one.
  const final = !PASSING.has(status) && status < 500 && reason !== "token_expired";
  const message = `answered ${status}: ${problem.detail ?? reason}`;
  return loss(status, reason, message, { final, said: problem, retryAfterMs });
}

/**
 * Return what a refused command means: final, unless the hub says when to come back.
 * @param {{ error?: unknown, details?: Record<string, any> }} reply
 * @returns {Loss}
 */
export function commandRefused(reply) {
  const said = reply.details ?? {};
  const reason = typeof said.code === "string" ? said.code : "request_refused";
  const retryAfterMs = milliseconds(said.retry_after_ms);
  const final = retryAfterMs === null;
  return loss(null, reason, said.message || String(reply.error ?? ""), { final, said, retryAfterMs });
}

/**
 * Return a loss that no close frame explains.
 * @param {string} reason
 * @param {string} [text]
 * @returns {Loss}
 */
export function broken(reason, text = "") {
  return loss(ABNORMAL, reason, text ? `${reason}: ${text}` : reason, { final: false, said: {} });
}

/**
 * Return what a state says of a loss; its error gets an absolute address of help.
 * @param {Loss} loss
 * @param {(page: string | null) => string | null} help
 * @param {number | null} [retryInMs]
 */
export function whyOf({ code, reason, error }, help, retryInMs = null) {
  error.help = help(error.help);
  return { code, reason, help: error.help, message: error.message, retryInMs };
}

/**
 * Return an ending that nothing is wrong with, or a wrong that is not the hub's.
 * @param {HubError} error
 * @param {number | null} code
 * @param {string} reason
 * @returns {Loss}
 */
export function ending(error, code, reason) {
  return { code, reason, error, final: true, retryAfterMs: null };
}

/**
 * Return the end of who says that there will be no token.
 * @param {string} text
 */
export function nobody(text) {
  const error = new AuthenticationFailed(text, { help: "/docs/errors/E_AUTHENTICATION_FAILED" });
  return ending(error, null, error.code);
}

/**
 * Return the end that a frame is which nobody can read.
 * @param {string} text
 */
export function illegible(text) {
  const error = new SerializationError(text, { help: "/docs/errors/E_SERIALIZATION_ERROR" });
  return ending(error, INVALID_DATA, "invalid_data");
}

/**
 * @param {number | null} code
 * @param {string} reason
 * @param {string} message
 * @param {{ final: boolean, said: Record<string, any>, retryAfterMs?: number | null }} more
 * @returns {Loss}
 */
function loss(code, reason, message, { final, said, retryAfterMs = null }) {
  const unauthorized = UNAUTHORIZED.has(code ?? 0) || UNAUTHORIZED_WORDS.has(reason);
  const help = said.help ?? said.type;
  const facts = {
    retryable: !final,
    status: code,
    problem: said,
    retryAfterMs,
    help: typeof help === "string" ? help : pageOf(code, reason, said),
  };
  const error = unauthorized
    ? new AuthenticationFailed(message, facts)
    : new RequestRefused(message, { ...facts, code: reason });
  return { code, reason, error, final, retryAfterMs };
}

/**
 * Return the page about a word that came without one.
 * @param {number | null} code
 * @param {string} reason
 * @param {Record<string, any>} said
 */
function pageOf(code, reason, said) {
  const own = PAGES.get(reason);
  if (own) return `/docs/errors/${own}`;
  // What a server between says, and what nobody knows.
  if (/^http_/.test(reason)) return "/docs/errors/E_NETWORK_ERROR";
  const known = said.code === reason || code === null || code < 1000 || code === ABNORMAL || reason === NAMES[code];
  return known ? `/docs/errors/${reason}` : "/docs/errors";
}

/**
 * @param {string} text
 * @returns {Record<string, any>}
 */
function object(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  } catch {
    return {};
  }
}

/** @param {unknown} value */
function milliseconds(value) {
  return typeof value === "number" && Number.isFinite(value) ? Math.max(0, value) : null;
}
