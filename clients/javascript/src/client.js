/** The client: one hub, its connections, and who subscribes to what. @module */

import { addressOf, pageAt } from "./address.js";
import { watch } from "./attention.js";
import { CLOCK } from "./clock.js";
import { Connection } from "./connection.js";
import { Dialing } from "./dialing.js";
import { Line } from "./line.js";
import { HubMessage, Target } from "./message.js";
import { checked, nameOf } from "./options.js";
import { Query } from "./query.js";
import { Share } from "./share.js";
import { Subscription } from "./subscription.js";
import { wants } from "./wants.js";
import { JSON_FORMAT } from "./websocket.js";

/**
 * @typedef {import("./outputs.js").Output} Output
 * @typedef {import("./outputs.js").ClientState} ClientState
 * @typedef {import("./options.js").HubOptions} HubOptions
 */

/**
 * Dispatches `state`, with a `ClientState` as its `detail`.
 *
 * @extends {Target<import("./channels.js").ClientMessages>}
 */
export class HubClient extends Target {
  /** @type {import("./errors.js").HubError | null} Why it is disconnected, unless it was closed. */
  error = null;
  /** @type {Connection[]} The first stays; others come for different queries of one channel. */
  #connections = [];
  /** @type {Set<Share>} */
  #shares = new Set();
  /** @type {ClientState} */
  #state;
  #ids = 0;
  #closed = false;
  #address;
  #options;
  #clock;
  #dialing;
  #unwatch;

  /**
   * Connect to nothing yet: that happens with the first `subscribe`, or by `connect`.
   * @param {string | URL | null} [url] http(s)://, ws(s):// or a path; else the page's own host, and in
   *   Node HUB_URL or http://127.0.0.1:8000.
   * @param {HubOptions} [options]
   */
  constructor(url, options = {}) {
    super();
    this.#address = addressOf(url);
    this.#options = { linger: 250, maxConnections: 8, ...checked(options) };
    this.#clock = options.clock ?? CLOCK;
    this.#dialing = new Dialing({
      address: this.#address,
      client: nameOf(options.client),
      transport: options.transport ?? "auto",
      // A ticket is good for sockets alone.
      socketsOnly: options.transport === "websocket" || options.getTicket !== undefined,
      WebSocket: options.WebSocket ?? globalThis.WebSocket,
      fetch: options.fetch ?? globalThis.fetch,
      format: options.format ?? JSON_FORMAT,
      now: () => this.#clock.now(),
    });
    this.#connections.push(this.#connection());
    this.#state = this.#main.line.state;
    this.#unwatch = watch(() => this.#each((one) => one.line.wake()));
  }

  /** Base of the hub's HTTP addresses, without a slash at the end. */
  get url() {
    return this.#address.http;
  }

  /** @type {ClientState} What it is doing, and why. */
  get state() {
    return this.#state;
  }

  /** Who the hub takes us for; null without a token. */
  get principal() {
    return this.#main.line.principal;
  }

  /** Connect, or come back after `disconnected`; what is subscribed goes on where it was. */
  connect() {
    this.#ready();
    this.error = null;
    this.#each((one) => one.line.connect());
  }

  /**
   * Follow a channel. Equal subscriptions are one on the wire.
   * @template {string} C
   * @param {C} channel
   * @param {import("./wants.js").SubscribeOptions} [options]
   * @returns {Subscription<import("./channels.js").DataOf<C>>}
   * @throws {TypeError} An option is not of its form, or unknown.
   */
  subscribe(channel, options = {}) {
    this.#ready();
    const asked = wants(channel, options);
    const share = [...this.#shares].find((one) => one.takes(asked)) ?? this.#share(asked);
    const subscription = new Subscription(share);
    share.join(subscription);
    return subscription;
  }

  /** End everything for good. Closing twice is fine. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#unwatch();
    for (const share of [...this.#shares]) {
      for (const reader of [...share.readers]) reader.close();
      this.#drop(share);
    }
    this.#each((one) => one.line.close());
  }

  get #main() {
    return this.#connections[0];
  }

  /** @param {import("./wants.js").Wants} asked */
  #share(asked) {
    const connection = this.#place(asked.channel);
    const query = new Query(asked, this.#nextId, this.#help);
    const { linger: lingerMs } = this.#options;
    const drop = (/** @type {Share} */ one) => this.#drop(one);
    const share = new Share(query, connection, { lingerMs, clock: this.#clock, drop });
    this.#shares.add(share);
    const { line } = connection;
    connection.run([...line.following.join(query), ...(line.state.reason === "not_connected" ? line.connect() : [])]);
    return share;
  }

  /**
   * Find a connection on which nobody follows the channel: the hub keeps one subscription of each.
   * @param {string} channel
   */
  #place(channel) {
    for (const share of [...this.#shares]) {
      if (share.query.channel === channel && share.idle) this.#drop(share);
    }
    const free = this.#connections.find(
      ({ line }, index) =>
        // Others than the first may have ended alone: the hub had enough of them.
        (index === 0 || line.state.state !== "disconnected") &&
        (line.following.get(channel)?.final ?? true),
    );
    if (free) return free;
    const { maxConnections } = this.#options;
    if (this.#connections.length >= maxConnections) {
      const text = `expected at most ${maxConnections} different queries of ${channel} at a time, got more`;
      throw new TypeError(text);
    }
    const connection = this.#connection();
    this.#connections.push(connection);
    return connection;
  }

  /** @param {Share} share */
  #drop(share) {
    if (!this.#shares.delete(share)) return;
    share.stop();
    const { connection, query } = share;
    connection.run([...connection.line.following.leave(query), ...query.close()]);
    if (connection !== this.#main && connection.line.following.size === 0) this.#remove(connection);
  }

  /** @param {Connection} connection */
  #remove(connection) {
    this.#connections = this.#connections.filter((one) => one !== connection);
    connection.run(connection.line.close());
    this.#summarize();
  }

  #connection() {
    const { token, getToken, getTicket } = this.#options;
    const fixed = token !== undefined;
    const line = new Line({
      ...this.#options,
      clock: this.#clock,
      auth: getTicket ? "ticket" : fixed || getToken ? "token" : null,
      fixed,
      help: this.#help,
      nextId: this.#nextId,
    });
    return new Connection({
      line,
      clock: this.#clock,
      credential: getTicket ?? getToken ?? (fixed ? () => token : null),
      dial: (ticket, handlers) => this.#dialing.dial(ticket, handlers),
      deliver: (output, connection) => this.#deliver(output, connection),
    });
  }

  /**
   * @param {Output} output
   * @param {Connection} connection
   */
  #deliver(output, connection) {
    if (output.do === "state") this.#summarize();
    else if (output.do === "ended") this.#ended(output.loss, connection);
    else if ("query" in output) this.#shareOf(output.query)?.tell(output);
  }

  /** @param {Query} query */
  #shareOf(query) {
    return [...this.#shares].find((share) => share.query === query);
  }

  /**
   * @param {import("./closing.js").Loss} loss
   * @param {Connection} connection
   */
  #ended(loss, connection) {
    if (connection === this.#main && this.#state.state === "disconnected") this.error = loss.error;
  }

  /** Say how things are with all connections together: as with the worst of them. */
  #summarize() {
    const states = this.#connections.map((one) => one.line.state);
    const [main] = states;
    // Another one that comes for the first time is nothing that a person should see.
    const cut = states.find((one) => one.state === "connecting" && one.reason !== "");
    const worst = main.state === "connected" ? (cut ?? main) : main;
    if (worst === this.#state) return;
    this.#state = worst;
    // A listener may have connected anew, before the end was told to all.
    if (worst.state !== "disconnected") this.error = null;
    this.dispatchEvent(new HubMessage("state", worst));
  }

  /** @param {(connection: Connection) => Output[]} act */
  #each(act) {
    for (const connection of [...this.#connections]) connection.run(act(connection));
  }

  #ready() {
    if (this.#closed) throw new TypeError("expected a client that is open, got one that was closed");
    this.#dialing.check();
  }

  #nextId = () => `c${++this.#ids}`;

  #help = (/** @type {string | null} */ page) => page && pageAt(page, this.url);
}
