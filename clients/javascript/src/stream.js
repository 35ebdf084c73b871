/** One query as a stream of `GET /api/events`: its address, and what it tells. @module */

import { Blocks } from "./blocks.js";
import { NAMES, answered, broken, closed } from "./closing.js";

/**
 * @typedef {Record<string, any>} Frame
 *
 * @typedef {object} Told What a stream tells.
 * @property {(frame: Frame) => void} received
 * @property {(error: unknown) => void} unreadable
 * @property {(loss: import("./closing.js").Loss) => void} lost
 */

/** Close codes by the words of what ends a connection; `forbidden`, say, may be of its channel alone. */
const CODES = Object.fromEntries(
  Object.entries(NAMES).flatMap(([code, word]) => (/^4[0-4]|4508|4509/.test(code) ? [[word, Number(code)]] : [])),
);
const RETRIED = new Set([408, 425, 429]);

/**
 * Return the address of a stream that is what a `subscribe` asks for.
 * @param {{ base: string, client?: string }} hub
 * @param {Frame} command
 */
export function streamAddress({ base, client }, { channel, since, history, snapshot, where, conflate }) {
  const query = new URLSearchParams({ channels: channel });
  if (since) query.set("since", `${since.epoch};${channel}=${since.offset}`);
  if (history !== undefined) query.set("history", String(history));
  if (snapshot) query.set("snapshot", "true");
  if (where) query.set("where", JSON.stringify(where));
  if (conflate) query.set("conflate", `${conflate.key}:${conflate.max_hz ?? 20}`);
  if (client) query.set("client", client);
  return `${base}/api/events?${query}`;
}

export class Stream {
  /** When something last came of it, and how often something has to. */
  heardAt;
  #aborter = new AbortController();
  /** @type {unknown} Goes with the first `subscribed`, which answers the command. */
  #replyTo;
  #told;
  #now;

  /**
   * @param {Frame} command The subscribe that it stands for.
   * @param {Told} told
   * @param {() => number} now
   */
  constructor(command, told, now) {
    this.channel = /** @type {string} */ (command.channel);
    this.#replyTo = command.id;
    this.#told = told;
    this.#now = now;
    this.heardAt = now();
  }

  /** End it; nothing is told any more. */
  close() {
    this.#aborter.abort();
  }

  /**
   * Read it to its end.
   * @param {typeof globalThis.fetch} fetch
   * @param {string} address
   * @param {string | null} token
   */
  async run(fetch, address, token) {
    const { signal } = this.#aborter;
    /** @type {Record<string, string>} */
    const headers = { Accept: "text/event-stream" };
    if (token !== null) headers.Authorization = `Bearer ${token}`;
    try {
      const answer = await fetch(address, { headers, signal, cache: "no-store" });
      const type = answer.headers.get("Content-Type") ?? "nothing";
      if (answer.ok && answer.body && type.startsWith("text/event-stream")) await this.#read(answer.body);
      // Somebody between answers for the hub: a page that wants one to sign in, say.
      else if (answer.ok) this.#told.lost(broken("network_error", `expected a stream, got ${type}`));
      else this.#refused(answer.status, await problemOf(answer), retryAfter(answer.headers));
    } catch (error) {
      if (!signal.aborted) this.#told.lost(broken("network_error", String(error)));
    }
  }

  /** @param {ReadableStream<Uint8Array>} body */
  async #read(body) {
    const { signal } = this.#aborter;
    const blocks = new Blocks();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) return;
      if (done) break;
      this.heardAt = this.#now();
      for (const block of blocks.take(decoder.decode(value, { stream: true }))) {
        this.#take(block);
        if (signal.aborted) return;
      }
    }
    this.#told.lost(broken("network_error", "the stream ended"));
  }

  /** @param {import("./blocks.js").Block} block */
  #take({ event, data, retry }) {
    let frame;
    try {
      frame = JSON.parse(data);
    } catch (error) {
      this.#told.unreadable(error);
      return;
    }
    if (event === "error") {
      this.#refused(frame.status ?? 0, frame, retry);
    } else if (event === "subscribed" && this.#replyTo !== null) {
      const replyTo = this.#replyTo;
      this.#replyTo = null;
      this.#told.received({ ...frame, reply_to: replyTo });
    } else {
      this.#told.received(frame);
    }
  }

  /**
   * @param {number} status
   * @param {Frame} problem
   * @param {number | null} retryAfterMs
   */
  #refused(status, problem, retryAfterMs) {
    const { code, detail, type } = problem;
    this.close();
    if (Object.hasOwn(CODES, String(code))) {
      const said = { code, message: detail, help: type, retry_after_ms: retryAfterMs };
      this.#told.lost(closed(CODES[code], JSON.stringify(said)));
    } else if (status < 400 || status === 401 || status >= 500 || RETRIED.has(status)) {
      this.#told.lost(answered(status, problem, retryAfterMs));
    } else {
      const details = { code, message: detail, help: type };
      const { channel } = this;
      if (this.#replyTo === null) this.#told.received({ type: "unsubscribed", channel, code });
      else this.#told.received({ type: "error", reply_to: this.#replyTo, error: detail, details });
    }
  }
}

/**
 * @param {Response} answer
 * @returns {Promise<Frame>}
 */
async function problemOf(answer) {
  try {
    return Object(await answer.json());
  } catch {
    return {};
  }
}

/** @param {Headers} headers */
function retryAfter(headers) {
  const seconds = headers.get("Retry-After");
  return seconds !== null && /^[0-9]+$/.test(seconds) ? Number(seconds) * 1000 : null;
}
