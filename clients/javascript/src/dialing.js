/** Which way to the hub is taken: a WebSocket, or where none gets through, plain HTTP. @module */

import { ABNORMAL } from "./closing.js";
import { openEventStream } from "./eventstream.js";
import { openWebSocket } from "./websocket.js";

/**
 * @typedef {import("./websocket.js").Handlers} Handlers
 * @typedef {import("./websocket.js").Socket} Socket
 *
 * @typedef {"auto" | "websocket" | "sse"} Transport
 *
 * @typedef {object} Ways
 * @property {import("./address.js").Address} address
 * @property {string} client What the program calls itself; empty: nothing.
 * @property {Transport} transport
 * @property {boolean} socketsOnly Whether nothing but a WebSocket will do.
 * @property {import("./websocket.js").SocketClass | undefined} WebSocket
 * @property {typeof globalThis.fetch} fetch
 * @property {import("./websocket.js").Format} format
 * @property {() => number} now
 */

/** Who gives up after that has waited for long, and did not just change their mind. */
const SWALLOWED_MS = 2_000;
/** Where sockets have worked, so many in a row must fail: a hub that starts anew refuses some, too. */
const DOUBTS = 3;
/** So long a way that worked, where the better one did not, is the first to be tried again. */
const KEEP_MS = 600_000;

export class Dialing {
  /** Until when plain HTTP is tried first. */
  #plainUntil = 0;
  /** Whether the next try goes that way: an upgrade was swallowed, by a proxy perhaps. */
  #plainNext = false;
  /** How many sockets in a row were not opened, and after how many it is the way that is to blame. */
  #failed = 0;
  #doubts = 1;
  #ways;

  /** @param {Ways} ways */
  constructor(ways) {
    this.#ways = ways;
  }

  /**
   * Refuse to begin where there is no way at all.
   * @throws {TypeError} A WebSocket is wanted, and there is none.
   */
  check() {
    if (this.#ways.WebSocket || !this.#ways.socketsOnly) return;
    throw new TypeError('expected a WebSocket, got none: in Node before 22 give that of "ws"');
  }

  /**
   * Open a connection.
   * @param {string | null} ticket
   * @param {Handlers} handlers
   * @returns {Socket}
   */
  dial(ticket, handlers) {
    const { transport, socketsOnly, WebSocket, now } = this.#ways;
    if (socketsOnly) return this.#socket(ticket, handlers);
    if (transport === "sse" || !WebSocket) return this.#plain(handlers);
    if (now() < this.#plainUntil) return this.#plain(handlers);
    const other = this.#plainNext;
    this.#plainNext = false;
    return other ? this.#plain(this.#noting(handlers)) : this.#either(handlers);
  }

  /**
   * Try a WebSocket, and plain HTTP at once where that cannot be opened at all.
   * @param {Handlers} handlers
   * @returns {Socket}
   */
  #either(handlers) {
    // Until it is open, or ended, or given up.
    let pending = true;
    const { now } = this.#ways;
    const since = now();
    /** @type {Socket} */
    let socket = this.#socket(null, {
      ...handlers,
      opened: () => {
        pending = false;
        this.#failed = 0;
        this.#doubts = DOUBTS;
        handlers.opened();
      },
      lost: (loss) => {
        const failed = pending && loss.code === ABNORMAL;
        pending = false;
        if (failed) this.#failed += 1;
        const other = failed && this.#failed >= this.#doubts;
        if (other) socket = this.#plain(this.#noting(handlers));
        else handlers.lost(loss);
      },
    });
    return {
      send: (command) => socket.send(command),
      close: () => {
        this.#plainNext = pending && now() - since >= SWALLOWED_MS;
        socket.close();
      },
    };
  }

  /**
   * Remember it when plain HTTP brings an answer where a WebSocket did not; where that is lost, too,
   * it is the hub that is away, or not ready yet.
   * @param {Handlers} handlers
   * @returns {Handlers}
   */
  #noting(handlers) {
    let answered = false;
    return {
      ...handlers,
      received: (frame) => {
        answered ||= /** @type {any} */ (frame)?.type === "subscribed";
        if (answered) this.#plainUntil = this.#ways.now() + KEEP_MS;
        handlers.received(frame);
      },
      lost: (loss) => {
        if (!answered) this.#failed = 0;
        handlers.lost(loss);
      },
    };
  }

  /**
   * @param {string | null} ticket
   * @param {Handlers} handlers
   */
  #socket(ticket, handlers) {
    const { WebSocket, address, client, format } = this.#ways;
    if (!WebSocket) throw new TypeError("expected a WebSocket, got none");
    const query = new URLSearchParams({ channels: "", ...(client && { client }), ...(ticket !== null && { ticket }) });
    return openWebSocket(WebSocket, `${address.websocket}?${query}`, format, handlers);
  }

  /** @param {Handlers} handlers */
  #plain(handlers) {
    const { fetch, address, client, now } = this.#ways;
    return openEventStream(fetch, { base: address.http, client }, now, handlers);
  }
}
