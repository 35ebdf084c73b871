/** What a caller of `subscribe` asked for, checked before anything is sent. @module */

import { parse } from "./position.js";

/** @typedef {string | number | boolean | null} Value */

/**
 * What `subscribe` takes.
 *
 * @typedef {object} SubscribeOptions
 * @property {string | import("./position.js").Stand | null} [since] Resume behind this position.
 * @property {number} [history] The last so many events first.
 * @property {boolean} [snapshot] The newest state of every entity first.
 * @property {string} [key] Field that names an entity; `items` is kept by it.
 * @property {Record<string, Value | readonly Value[] | ReadonlySet<Value>>} [where] One of the values
 *   in every field.
 * @property {string | { key: string, maxHz?: number }} [conflate] Only the newest of each entity.
 * @property {OnGap} [onGap] What becomes of a gap; told it is in any case.
 */

/** @typedef {"raise" | "snapshot" | "skip"} OnGap */

/**
 * @typedef {object} Wants
 * @property {string} channel
 * @property {import("./position.js").Stand | null} since
 * @property {number | null} history
 * @property {boolean} snapshot
 * @property {string | null} key
 * @property {Record<string, unknown>} view What of the channel is wanted, as the command says it.
 * @property {OnGap} onGap
 * @property {string} identity Equal for equal wants.
 */

const KNOWN = ["since", "history", "snapshot", "key", "where", "conflate", "onGap"];
const ON_GAP = ["raise", "snapshot", "skip"];
/** @type {Record<string, string>} */
const KEYS = { contracts: "contract_id", jobs: "job_id", tasks: "task_id" };

/**
 * Return the checked options.
 * @param {string} channel
 * @param {SubscribeOptions} [options]
 * @returns {Wants}
 * @throws {TypeError} One is not of its form, or unknown.
 */
export function wants(channel, options = {}) {
  refuseUnknown(options);
  if (typeof channel !== "string" || !channel) {
    throw new TypeError(`expected the name of a channel, got ${show(channel)}`);
  }
  const { history = null, snapshot = false, key = null } = options;
  const onGap = options.onGap ?? (snapshot ? "snapshot" : "raise");
  if (!ON_GAP.includes(onGap)) {
    throw new TypeError(`expected onGap of ${ON_GAP.join(", ")}, got ${show(onGap)}`);
  }
  if (history !== null && (!Number.isInteger(history) || history < 0 || history > 1000)) {
    throw new TypeError(`expected history of 0 to 1000, got ${show(history)}`);
  }
  if (history !== null && snapshot) throw new TypeError("expected history or snapshot, got both");
  if (key !== null && (typeof key !== "string" || !key)) {
    throw new TypeError(`expected key to be the name of a field, got ${show(key)}`);
  }
  const checked = {
    channel,
    since: options.since == null ? null : parse(options.since, channel),
    history,
    snapshot: Boolean(snapshot),
    key: key ?? (snapshot ? (KEYS[channel] ?? null) : null),
    view: view(options),
    onGap,
  };
  return { ...checked, identity: JSON.stringify(checked) };
}

/** @param {SubscribeOptions} options */
function view({ where, conflate }) {
  /** @type {Record<string, unknown>} */
  const asked = {};
  if (where != null) asked.where = checkWhere(where);
  if (conflate != null) asked.conflate = checkConflate(conflate);
  return asked;
}

/**
 * @param {NonNullable<SubscribeOptions["where"]>} where
 * @returns {Record<string, unknown>} With its names in order, so that equal ones look equal.
 */
function checkWhere(where) {
  const names = typeof where === "object" && !Array.isArray(where) ? Object.keys(where).sort() : [];
  /** @type {Record<string, unknown>} */
  const asked = {};
  for (const name of names) {
    const some = where[name];
    const values = isMany(some) ? [...some] : [some];
    if (!values.length || !values.every(isValue)) names.length = 0;
    asked[name] = isMany(some) ? [...new Set(values)].sort(byText) : some;
  }
  if (!names.length) {
    const form = '{ location: ["Chennai", "Mumbai"], status: "active" }';
    throw new TypeError(`expected where of the form ${form}, got ${show(where)}`);
  }
  return asked;
}

/** @param {NonNullable<SubscribeOptions["conflate"]>} conflate */
function checkConflate(conflate) {
  const { key, maxHz } = typeof conflate === "string" ? { key: conflate } : conflate;
  const fits = maxHz === undefined || (typeof maxHz === "number" && maxHz > 0);
  if (typeof key !== "string" || !key || !fits) {
    const form = '"job_id" or { key: "job_id", maxHz: 20 }';
    throw new TypeError(`expected conflate of the form ${form}, got ${show(conflate)}`);
  }
  return maxHz === undefined ? { key } : { key, max_hz: maxHz };
}

/** @param {object} options */
function refuseUnknown(options) {
  const unknown = Object.keys(options).find((name) => !KNOWN.includes(name));
  if (unknown) throw new TypeError(`expected some of ${KNOWN.join(", ")}, got ${show(unknown)}`);
}

/**
 * @param {unknown} some
 * @returns {some is Iterable<Value>}
 */
function isMany(some) {
  return Array.isArray(some) || some instanceof Set;
}

/** @param {unknown} value */
function isValue(value) {
  return value === null || ["string", "boolean"].includes(typeof value) || Number.isFinite(value);
}

/**
 * @param {unknown} one
 * @param {unknown} other
 */
function byText(one, other) {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}

/** @param {unknown} value */
function show(value) {
  return String(JSON.stringify(value)).slice(0, 80);
}
