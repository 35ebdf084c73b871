/** The shell of a line: a socket, a timer, and who asks for tokens. @module */

import { broken } from "./closing.js";
import { isCredential } from "./options.js";

/**
 * @typedef {import("./outputs.js").Output} Output
 * @typedef {import("./websocket.js").Socket} Socket
 * @typedef {import("./websocket.js").Handlers} Handlers
 */

/**
 * @typedef {object} ConnectionOptions
 * @property {import("./line.js").Line} line
 * @property {import("./clock.js").Clock} clock
 * @property {(ticket: string | null, handlers: Handlers) => Socket} dial
 * @property {((asked: { reason: import("./outputs.js").TokenReason }) => unknown) | null} credential
 * @property {(output: Output, connection: Connection) => void} deliver Gets what is not done here.
 */

/** No timer is longer: a machine that has slept looks at the clock soon after. */
const LOOK_MS = 15_000;

export class Connection {
  /** @type {Socket | null} */
  #socket = null;
  /** Which socket is the newest: what others still say is passed over. */
  #number = 0;
  /** @type {any} */
  #timer = null;
  /** @type {Output[]} What is left to be done. */
  #todo = [];
  #busy = false;
  #options;

  /** @param {ConnectionOptions} options */
  constructor(options) {
    this.line = options.line;
    this.#options = options;
  }

  /**
   * Do what the line says, in order; what a listener causes meanwhile comes behind it.
   * @param {Output[]} outputs
   */
  run(outputs) {
    this.#todo.push(...outputs);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#todo.shift(); next; next = this.#todo.shift()) this.#do(next);
    } finally {
      this.#busy = false;
      this.#schedule();
    }
  }

  /** @param {Output} output */
  #do(output) {
    switch (output.do) {
      case "send":
        this.#socket?.send(output.command);
        break;
      case "open":
        this.#open(output.ticket);
        break;
      case "hang-up":
        this.#hangUp();
        break;
      case "token":
        void this.#ask(output);
        break;
      default:
        this.#options.deliver(output, this);
    }
  }

  /** @param {string | null} ticket */
  #open(ticket) {
    this.#hangUp();
    const number = this.#number;
    const { line } = this;
    /** @param {() => Output[]} told */
    const hear = (told) => {
      if (number === this.#number) this.run(told());
    };
    const handlers = {
      opened: () => hear(() => line.opened()),
      received: (/** @type {unknown} */ frame) => hear(() => line.received(frame)),
      unreadable: (/** @type {unknown} */ error) => hear(() => line.unreadable(error)),
      lost: (/** @type {import("./closing.js").Loss} */ loss) => hear(() => line.lost(loss)),
    };
    try {
      this.#socket = this.#options.dial(ticket, handlers);
    } catch (error) {
      // A platform may refuse an address by throwing: a page's policy, ws:// in a page of https://.
      handlers.lost(broken("network_error", String(error)));
    }
  }

  #hangUp() {
    this.#number += 1;
    this.#socket?.close();
    this.#socket = null;
  }

  /** @param {Extract<Output, { do: "token" }>} asked */
  async #ask({ why, turn }) {
    let outputs;
    try {
      const given = await this.#options.credential?.({ reason: why });
      outputs = this.line.authorized(turn, checked(given));
    } catch (error) {
      outputs = this.line.unauthorized(turn, error);
    }
    this.run(outputs);
  }

  #schedule() {
    const { clock } = this.#options;
    if (this.#timer !== null) clock.clearTimer(this.#timer);
    this.#timer = null;
    const { dueAt } = this.line;
    if (dueAt === null) return;
    const delay = Math.min(LOOK_MS, Math.max(0, dueAt - clock.now()));
    this.#timer = clock.setTimer(() => {
      this.#timer = null;
      this.run(this.line.look());
    }, delay);
  }
}

/** @param {unknown} given */
function checked(given) {
  if (!isCredential(given)) throw new TypeError(`expected a token of printable ASCII, got ${typeof given}`);
  return /** @type {string} */ (given);
}
