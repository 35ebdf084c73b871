/** The frames that the hub sends, as types; fields we do not know are ignored. @module */

import { SerializationError } from "./errors.js";

/**
 * @typedef {object} Welcome
 * @property {"welcome"} kind
 * @property {number | null} heartbeat_s
 * @property {string | null} server_time
 *
 * @typedef {object} Known
 * @property {"auth_ok"} kind
 * @property {unknown} reply_to
 * @property {string | null} principal Not told over plain HTTP.
 * @property {string | null} expires_at
 *
 * @typedef {object} Beat
 * @property {"heartbeat"} kind
 * @property {string | null} epoch
 * @property {Record<string, number>} positions
 *
 * @typedef {object} Subscribed
 * @property {"subscribed"} kind
 * @property {string} channel
 * @property {string} epoch
 * @property {number} offset Where the client stands.
 * @property {number | null} head The channel's newest.
 * @property {boolean | null} recovered
 * @property {string | null} reason
 * @property {unknown} reply_to
 *
 * @typedef {object} Unsubscribed
 * @property {"unsubscribed"} kind
 * @property {string} channel
 * @property {unknown} reply_to
 * @property {string | null} code Said when nobody asked.
 *
 * @typedef {object} Page
 * @property {"snapshot"} kind
 * @property {string} channel
 * @property {any[]} items
 * @property {boolean} more
 *
 * @typedef {object} Hole
 * @property {"gap"} kind
 * @property {string} channel
 * @property {number} from
 * @property {number} to
 * @property {string | null} epoch
 * @property {string | null} reason
 *
 * @typedef {object} Slow
 * @property {"lag"} kind
 * @property {string} channel
 * @property {number} behind
 * @property {string} mode
 *
 * @typedef {object} Refusal
 * @property {"error"} kind
 * @property {unknown} reply_to
 * @property {string} error
 * @property {Record<string, any>} details
 *
 * @typedef {object} Push
 * @property {string} type
 * @property {string} channel
 * @property {any} data
 * @property {number | null} offset
 * @property {number} before The offset a reader must have seen so that nothing is missing.
 * @property {string | null} id
 * @property {string | null} timestamp
 * @property {boolean} test
 * @property {string | null} trace
 *
 * @typedef {Welcome | Known | Beat | Subscribed | Unsubscribed | Page | Hole | Slow | Refusal} Control
 * @typedef {Record<string, any>} Frame
 */

const ENVELOPE = new Set(
  ["type", "channel", "offset", "prev", "id", "timestamp", "test", "trace", "data"], // prettier-ignore
);

/** @type {Record<string, (frame: Frame) => Control>} */
const CONTROLS = {
  welcome: (frame) => ({
    kind: "welcome",
    heartbeat_s: maybe(frame, "heartbeat_s", "number"),
    server_time: maybe(frame, "server_time", "string"),
  }),
  auth_ok: (frame) => ({
    kind: "auth_ok",
    reply_to: frame.reply_to,
    principal: maybe(frame, "principal", "string"),
    expires_at: maybe(frame, "expires_at", "string"),
  }),
  heartbeat: (frame) => ({
    kind: "heartbeat",
    epoch: maybe(frame, "epoch", "string"),
    positions: maybe(frame, "positions", "object") ?? {},
  }),
  subscribed: (frame) => ({
    kind: "subscribed",
    channel: need(frame, "channel", "string"),
    epoch: need(frame, "epoch", "string"),
    offset: need(frame, "offset", "number"),
    head: maybe(frame, "head", "number"),
    recovered: maybe(frame, "recovered", "boolean"),
    reason: maybe(frame, "reason", "string"),
    reply_to: frame.reply_to ?? null,
  }),
  unsubscribed: (frame) => ({
    kind: "unsubscribed",
    channel: need(frame, "channel", "string"),
    reply_to: frame.reply_to ?? null,
    code: maybe(frame, "code", "string"),
  }),
  snapshot: (frame) => ({
    kind: "snapshot",
    channel: need(frame, "channel", "string"),
    items: list(frame, "items"),
    more: frame.more === true,
  }),
  gap: (frame) => ({
    kind: "gap",
    channel: need(frame, "channel", "string"),
    from: maybe(frame, "from", "number") ?? 0,
    to: need(frame, "to", "number"),
    epoch: maybe(frame, "epoch", "string"),
    reason: maybe(frame, "reason", "string"),
  }),
  lag: (frame) => ({
    kind: "lag",
    channel: need(frame, "channel", "string"),
    behind: need(frame, "behind", "number"),
    mode: maybe(frame, "mode", "string") ?? "lossless",
  }),
};

/**
 * Return what a frame says; null for one that says nothing to a listener.
 * @param {unknown} frame
 * @returns {{ control: Control } | { push: Push } | null}
 * @throws {SerializationError} It is not of the shape that its type promises.
 */
export function read(frame) {
  if (typeof frame !== "object" || frame === null || Array.isArray(frame)) throw wrong(frame, "an object");
  const said = /** @type {Frame} */ (frame);
  const control = Object.hasOwn(CONTROLS, said.type) ? CONTROLS[said.type] : undefined;
  if (control) return { control: control(said) };
  if (!("channel" in said)) return said.type === "error" ? { control: refusal(said) } : null;
  // Only pushes carry channel and id; a reply such as history has no id.
  return "id" in said ? { push: push(said) } : null;
}

/**
 * @param {Frame} frame
 * @returns {Push}
 */
function push(frame) {
  const offset = maybe(frame, "offset", "number");
  return {
    type: need(frame, "type", "string"),
    channel: need(frame, "channel", "string"),
    data: data(frame),
    offset,
    before: maybe(frame, "prev", "number") ?? (offset ?? 0) - 1,
    id: maybe(frame, "id", "string"),
    timestamp: maybe(frame, "timestamp", "string"),
    test: frame.test === true,
    trace: maybe(frame, "trace", "string"),
  };
}

/**
 * Return the payload; types without `data` carry it beside the envelope.
 * @param {Frame} frame
 */
function data(frame) {
  if (typeof frame.data === "object" && frame.data !== null) return frame.data;
  const beside = Object.fromEntries(Object.entries(frame).filter(([name]) => !ENVELOPE.has(name)));
  return frame.data === undefined || frame.data === null ? beside : { ...beside, data: frame.data };
}

/**
 * @param {Frame} frame
 * @returns {Refusal}
 */
function refusal(frame) {
  const details = maybe(frame, "details", "object") ?? {};
  return { kind: "error", reply_to: frame.reply_to, error: String(frame.error ?? ""), details };
}

/**
 * @param {Frame} frame
 * @param {string} name
 * @param {string} type
 * @returns {any}
 */
function need(frame, name, type) {
  if (typeof frame[name] !== type) throw wrong(frame, `${name}, a ${type}`);
  return frame[name];
}

/**
 * @param {Frame} frame
 * @param {string} name
 * @param {string} type
 * @returns {any}
 */
function maybe(frame, name, type) {
  return frame[name] === undefined || frame[name] === null ? null : need(frame, name, type);
}

/**
 * @param {Frame} frame
 * @param {string} name
 * @returns {any[]}
 */
function list(frame, name) {
  if (!Array.isArray(frame[name])) throw wrong(frame, `${name}, a list`);
  return frame[name];
}

/**
 * @param {unknown} frame
 * @param {string} expected
 */
function wrong(frame, expected) {
  const got = String(JSON.stringify(frame)).slice(0, 80);
  return new SerializationError(`expected a frame of the hub with ${expected}, got ${got}`);
}
