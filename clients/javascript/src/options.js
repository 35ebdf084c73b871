/** What a client is made with, checked before anything is sent. @module */

import { environment } from "./address.js";

/**
 * @typedef {import("./outputs.js").TokenReason} TokenReason
 *
 * What `new HubClient` takes.
 *
 * @typedef {object} HubOptions
 * @property {string} [token] Always the same; else HUB_TOKEN of Node's environment.
 * @property {(asked: { reason: TokenReason }) => string | Promise<string>} [getToken] Asked before
 *   each connection, and for a newer token before one runs out.
 * @property {(asked: { reason: TokenReason }) => string | Promise<string>} [getTicket] Asked before
 *   each connection for a ticket of `POST /api/ws/ticket`.
 * @property {number} [minReconnectDelay] Milliseconds, 500.
 * @property {number} [maxReconnectDelay] Milliseconds, 20,000.
 * @property {number} [timeout] Milliseconds that a connection may take, 10,000.
 * @property {number} [maxServerPingDelay] Milliseconds that a heartbeat may be late, 10,000.
 * @property {number} [linger] Milliseconds that a subscription stays when nobody reads it, 250.
 * @property {number} [maxConnections] Different queries of one channel need one each, 8.
 * @property {string} [client] What your program calls itself, for operators: `wall-screen/1.2`. Else
 *   a page's User-Agent says it, and in Node this package.
 * @property {import("./dialing.js").Transport} [transport] `auto`: a WebSocket, and where none gets
 *   through, Server-Sent Events; or only one of them, `websocket` or `sse`.
 * @property {typeof globalThis.fetch} [fetch] For Server-Sent Events, instead of the platform's.
 * @property {import("./websocket.js").SocketClass} [WebSocket] Where there is none, as in Node 20:
 *   that of `ws`.
 * @property {import("./websocket.js").Format} [format] `msgpack` of hub-client/msgpack, say.
 * @property {import("./clock.js").Clock} [clock] Replaces time and chance, in tests.
 */

/** What this package calls itself where nothing else does. */
export const NAME = "hub-client-javascript/0.1.0";
const TRANSPORTS = ["auto", "websocket", "sse"];
const MAX_NAME = 200;

/** @type {Array<[name: string, form: string, fits: (value: any) => boolean]>} */
const FORMS = [
  ["token", "a token of printable ASCII", isCredential],
  ["getToken", "a function", isFunction],
  ["getTicket", "a function", isFunction],
  // Of no wait at all a hub that is away would be asked without a pause.
  ["minReconnectDelay", "milliseconds from 1 on", (value) => isFrom(1, value)],
  ["maxReconnectDelay", "milliseconds from 1 on", (value) => isFrom(1, value)],
  ["timeout", "milliseconds from 1 on", (value) => isFrom(1, value)],
  ["maxServerPingDelay", "milliseconds from 0 on", (value) => isFrom(0, value)],
  ["linger", "milliseconds from 0 on", (value) => isFrom(0, value)],
  ["maxConnections", "a number from 1 on", (value) => isFrom(1, value)],
  ["client", `a text of up to ${MAX_NAME} characters`, (value) => typeof value === "string" && value.length <= MAX_NAME],
  ["transport", `one of ${TRANSPORTS.join(", ")}`, (value) => TRANSPORTS.includes(value)],
  ["fetch", "a function", isFunction],
  ["WebSocket", "a class", isFunction],
  ["format", "a format, as hub-client/msgpack has one", (value) => isFunction(value?.encode) && isFunction(value?.decode)],
  ["clock", "a clock", (value) => isFunction(value?.now)],
];

/**
 * Return the options, checked; a token of Node's environment among them where none is given.
 * @param {HubOptions} options
 * @returns {HubOptions}
 * @throws {TypeError} One is not of its form, or unknown.
 */
export function checked(options) {
  const names = FORMS.map(([name]) => name);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown) throw new TypeError(`expected some of ${names.join(", ")}, got ${unknown}`);
  /** @type {Record<string, unknown>} */
  const said = {};
  for (const [name, form, fits] of FORMS) {
    const value = options[/** @type {keyof HubOptions} */ (name)];
    if (value === undefined) continue;
    // Its value is not shown: it may be a token.
    if (!fits(value)) throw new TypeError(`expected ${name} to be ${form}, got ${kindOf(name, value)}`);
    said[name] = value;
  }
  return withCredential(said);
}

/**
 * @param {HubOptions} said
 * @returns {HubOptions}
 */
function withCredential(said) {
  const given = [said.token, said.getToken, said.getTicket].filter((one) => one !== undefined);
  if (given.length > 1) throw new TypeError("expected one of token, getToken and getTicket, got several");
  const token = given.length > 0 ? undefined : environment("HUB_TOKEN");
  if (token === undefined) return said;
  if (!isCredential(token)) throw new TypeError("expected HUB_TOKEN to be a token of printable ASCII");
  return { ...said, token };
}

/**
 * Return what a program calls itself; nothing in a page, of which the User-Agent tells more.
 * @param {string | undefined} given
 */
export function nameOf(given) {
  return given ?? ("document" in globalThis ? "" : NAME);
}

/** @param {unknown} value */
export function isCredential(value) {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value);
}

/** @param {unknown} value */
function isFunction(value) {
  return typeof value === "function";
}

/**
 * @param {number} least
 * @param {unknown} value
 */
function isFrom(least, value) {
  return typeof value === "number" && Number.isFinite(value) && value >= least;
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function kindOf(name, value) {
  if (name === "token") return typeof value === "string" ? `a text of ${value.length} characters` : typeof value;
  return typeof value === "function" ? "a function" : String(JSON.stringify(value) ?? value).slice(0, 80);
}

