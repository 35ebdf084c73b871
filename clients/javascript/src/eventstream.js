/** The shell's other connection: the same frames over plain HTTP, a stream for each query. @module */

import { answered, broken } from "./closing.js";
import { Stream, streamAddress } from "./stream.js";

/**
 * @typedef {import("./websocket.js").Handlers} Handlers
 * @typedef {import("./websocket.js").Socket} Socket
 */

/** Until the hub's welcome says otherwise. */
const HEARTBEAT_S = 25;

/**
 * Open what looks like a socket to a line: subscribes become streams, and their frames its own.
 *
 * It begins with a look at `/health`, so that it is open only where the hub can be reached.
 * @param {typeof globalThis.fetch} fetch
 * @param {{ base: string, client: string }} hub Where it is, and what the program calls itself.
 * @param {() => number} now
 * @param {Handlers} handlers
 * @returns {Socket}
 */
export function openEventStream(fetch, hub, now, handlers) {
  const socket = new EventStreamSocket(fetch, hub, now, handlers);
  void socket.open();
  return socket;
}

/** @implements {Socket} */
class EventStreamSocket {
  /** @type {Map<string, Stream>} */
  #streams = new Map();
  /** @type {string | null} */
  #token = null;
  #heartbeatMs = HEARTBEAT_S * 1000;
  #closed = false;
  #looks = new AbortController();
  #fetch;
  #hub;
  #now;
  #handlers;

  /**
   * @param {typeof globalThis.fetch} fetch
   * @param {{ base: string, client: string }} hub
   * @param {() => number} now
   * @param {Handlers} handlers
   */
  constructor(fetch, hub, now, handlers) {
    // Called bare: a browser's fetch refuses another `this`.
    this.#fetch = /** @type {typeof globalThis.fetch} */ ((...given) => fetch(...given));
    this.#hub = hub;
    this.#now = now;
    this.#handlers = handlers;
  }

  async open() {
    const loss = await this.#reach();
    if (this.#closed) return;
    if (loss) {
      this.#handlers.lost(loss);
      return;
    }
    this.#handlers.opened();
    if (!this.#closed) this.#handlers.received({ type: "welcome", heartbeat_s: HEARTBEAT_S });
  }

  /** @param {Record<string, any>} command */
  send(command) {
    if (this.#closed) return;
    if (command.type === "subscribe") this.#subscribe(command);
    else if (command.type === "unsubscribe") this.#unsubscribe(command.channel);
    else if (command.type === "auth") this.#auth(command);
    else if (command.type === "ping") void this.#ping(command);
  }

  close() {
    this.#closed = true;
    this.#looks.abort();
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
  }

  /** @param {Record<string, any>} command */
  #subscribe(command) {
    this.#unsubscribe(command.channel);
    /** @type {Stream} */
    const stream = new Stream(
      command,
      {
        received: (frame) => this.#received(frame),
        unreadable: (error) => this.#handlers.unreadable(error),
        lost: (loss) => this.#handlers.lost(loss),
      },
      this.#now,
    );
    this.#streams.set(command.channel, stream);
    void stream.run(this.#fetch, streamAddress(this.#hub, command), this.#token);
  }

  /** @param {string} channel */
  #unsubscribe(channel) {
    this.#streams.get(channel)?.close();
    this.#streams.delete(channel);
  }

  /**
   * The token goes with every request from now on; whether it is good, they tell.
   * @param {Record<string, any>} command
   */
  #auth({ id, token }) {
    this.#token = token;
    queueMicrotask(() => this.#received({ type: "auth_ok", reply_to: id }));
  }

  /** @param {Record<string, any>} frame */
  #received(frame) {
    if (frame.type === "welcome" && frame.heartbeat_s) this.#heartbeatMs = frame.heartbeat_s * 1000;
    if (!this.#closed) this.#handlers.received(frame);
  }

  /**
   * Answer for the hub, if it can be reached and no stream has fallen silent.
   * @param {Record<string, any>} command
   */
  async #ping({ id }) {
    const oldest = Math.min(...[...this.#streams.values()].map((stream) => stream.heardAt));
    if (this.#now() - oldest > 2 * this.#heartbeatMs) return;
    if ((await this.#reach()) === null) this.#received({ type: "pong", reply_to: id });
  }

  /** @returns {Promise<import("./closing.js").Loss | null>} */
  async #reach() {
    try {
      const answer = await this.#fetch(`${this.#hub.base}/health`, { cache: "no-store", signal: this.#looks.signal });
      if (!answer.ok) return answered(answer.status, {});
      await answer.json();
      return null;
    } catch (error) {
      return broken("network_error", String(error));
    }
  }
}
