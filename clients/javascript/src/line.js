/**
 * One connection to the hub, without I/O: what happens in, what to do out.
 *
 * The shell (`connection.js`) owns socket, timer and clock. It calls the methods here as things
 * happen, does what they return in order, and calls `look` when `dueAt` has come, or later.
 * @module
 */

import { reconnectDelay } from "./backoff.js";
import { INVALID_DATA, NORMAL, TOKEN_EXPIRED, broken, ending } from "./closing.js";
import { AuthenticationFailed, SerializationError } from "./errors.js";
import { Following } from "./following.js";
import { read } from "./frames.js";
import { stateOf } from "./outputs.js";
import { Renewal } from "./renewal.js";
import { Silence } from "./silence.js";

/**
 * @typedef {import("./outputs.js").Output} Output
 * @typedef {import("./outputs.js").ClientState} ClientState
 * @typedef {import("./outputs.js").TokenReason} TokenReason
 * @typedef {import("./closing.js").Loss} Loss
 * @typedef {import("./query.js").Query} Query
 */

/**
 * @typedef {object} LineOptions
 * @property {{ now(): number, random(): number }} clock Milliseconds since 1970, and chance.
 * @property {"token" | "ticket" | null} [auth] What the line shows of who it is.
 * @property {boolean} [fixed] The token is always the same one: once it is over, so is the line.
 * @property {number} [minReconnectDelay]
 * @property {number} [maxReconnectDelay]
 * @property {number} [timeout] How long a connection may take, from its address to its welcome.
 * @property {number} [maxServerPingDelay] How much later than promised a heartbeat may be.
 * @property {(page: string | null) => string | null} [help]
 * @property {() => string} [nextId]
 */

/** @typedef {"idle" | "token" | "opening" | "auth" | "open" | "waiting" | "ended"} Phase */

export class Line {
  /** @type {ClientState} The last one that was said. */
  state = Object.freeze(stateOf("disconnected", { reason: "not_connected" }));
  /** @type {string | null} Who the hub takes us for. */
  principal = null;
  /** @type {Phase} */
  #phase = "idle";
  /** When the phase began, and how long it may take. */
  #since = 0;
  #within = 0;
  /** Losses since the hub last had answered everything. */
  #attempt = 0;
  /** Whether the hub itself has said how long to wait. */
  #obliged = false;
  /** @type {TokenReason} */
  #why = "connect";
  /** Which request for a token is the newest: answers to others are too late. */
  #turn = 0;
  /** @type {string | null} */
  #token = null;
  /** @type {string | null} The id of the newest `auth`. */
  #authId = null;
  #welcomed = false;
  /** @type {Loss | null} Why it is over. */
  #loss = null;
  #renewal = new Renewal();
  #silence;
  #following;
  #options;

  /** @param {LineOptions} options */
  constructor(options) {
    let ids = 0;
    this.#options = {
      auth: null,
      fixed: false,
      minReconnectDelay: 500,
      maxReconnectDelay: 20_000,
      timeout: 10_000,
      maxServerPingDelay: 10_000,
      help: (/** @type {string | null} */ page) => page,
      nextId: () => `a${++ids}`,
      ...options,
    };
    this.#silence = new Silence(this.#options.maxServerPingDelay, this.#options.timeout / 2);
    this.#following = new Following(this.#options.clock, this.#options.help);
  }

  /** How many queries it has. */
  get size() {
    return this.#following.size;
  }

  /** When to call `look`; null: nothing is waited for. */
  get dueAt() {
    if (["idle", "token", "ended"].includes(this.#phase)) return null;
    if (!this.#welcomed) return this.#since + this.#within;
    const renewal = this.#renewal.dueAt ?? Number.POSITIVE_INFINITY;
    return Math.min(this.#silence.dueAt, this.#following.dueAt, renewal);
  }

  /**
   * The query that follows a channel here, if one does.
   *
   * @param {string} channel
   */
  get(channel) {
    return this.#following.get(channel);
  }

  /**
   * Begin, unless it has begun already.
   *
   * @returns {Output[]}
   */
  connect() {
    if (this.#phase !== "idle" && this.#phase !== "ended") return [];
    this.#attempt = 0;
    this.#loss = null;
    const state = this.#change(stateOf("connecting"));
    return [state, ...this.#following.revive(), ...this.#begin("connect")];
  }

  /**
   * Take the token or ticket that was asked for.
   *
   * @param {number} turn Of the output that asked.
   * @param {string} credential
   * @returns {Output[]}
   */
  authorized(turn, credential) {
    if (turn !== this.#turn) return [];
    this.#token = credential;
    if (this.#phase === "open") return [this.#auth(credential)];
    return this.#phase === "token" ? this.#open() : [];
  }

  /**
   * Take it that there is none; for good where somebody said `Unauthorized`.
   *
   * @param {number} turn
   * @param {unknown} error
   * @returns {Output[]}
   */
  unauthorized(turn, error) {
    if (turn !== this.#turn || !["token", "open"].includes(this.#phase)) return [];
    const text = error instanceof Error ? error.message : String(error);
    if (error instanceof Error && error.name === "Unauthorized") {
      const help = "/docs/errors/unauthenticated";
      return this.#end(ending(new AuthenticationFailed(text, { help }), null, "unauthenticated"));
    }
    if (this.#phase === "token") return this.lost(broken("token_unavailable", text));
    this.#renewLater();
    return [];
  }

  /**
   * Take it that the connection is there; say who we are, then ask.
   *
   * @returns {Output[]}
   */
  opened() {
    if (this.#phase !== "opening") return [];
    this.#silence.heard(this.#options.clock.now());
    if (this.#options.auth !== "token" || this.#token === null) return this.#enter(null);
    this.#phase = "auth";
    return [this.#auth(this.#token)];
  }

  /**
   * Take a frame, as an object.
   *
   * @param {unknown} frame
   * @returns {Output[]}
   */
  received(frame) {
    if (!["auth", "open"].includes(this.#phase)) return [];
    this.#silence.heard(this.#options.clock.now());
    let said;
    try {
      said = read(frame);
    } catch (error) {
      return this.unreadable(error);
    }
    if (said === null) return [];
    return "push" in said ? this.#following.push(said.push) : this.#control(said.control);
  }

  /**
   * Take it that a frame could not be read: the next ones could not be, either.
   *
   * @param {unknown} error
   * @returns {Output[]}
   */
  unreadable(error) {
    const help = "/docs/errors/E_SERIALIZATION_ERROR";
    const text = error instanceof Error ? error.message : String(error);
    return this.#end(ending(new SerializationError(text, { help }), INVALID_DATA, "invalid_data"));
  }

  /**
   * Take it that there is no connection, and come back unless that is pointless.
   *
   * @param {Loss} loss
   * @returns {Output[]}
   */
  lost(loss) {
    if (["idle", "waiting", "ended"].includes(this.#phase)) return [];
    const { auth, fixed, clock, help, minReconnectDelay: min, maxReconnectDelay: max } = this.#options;
    const expired = loss.code === TOKEN_EXPIRED || loss.reason === "token_expired";
    if (loss.final || (expired && (fixed || auth === null))) return this.#end(loss);
    const delay = reconnectDelay(this.#attempt++, clock.random(), loss.retryAfterMs, { min, max });
    this.#why = expired ? "token_expired" : "connect";
    this.#obliged = loss.retryAfterMs !== null;
    this.#leave("waiting", delay);
    const { code, reason, error } = loss;
    const why = { code, reason, help: help(error.help), retryInMs: delay, message: error.message };
    const change = this.#change(stateOf("connecting", why));
    return [{ do: "hang-up" }, change, ...this.#following.wait(this.state)];
  }

  /**
   * See what the time has brought.
   *
   * @returns {Output[]}
   */
  look() {
    if (["idle", "token", "ended"].includes(this.#phase)) return [];
    const now = this.#options.clock.now();
    if (!this.#welcomed) {
      // A clock that was set back must not make it wait for as long.
      if (now >= this.#since && now < this.#since + this.#within) return [];
      if (this.#phase === "waiting") return this.#begin(this.#why);
      return this.lost(broken("timeout", `no welcome within ${this.#within} ms`));
    }
    const verdict = this.#silence.look(now);
    if (verdict === "dead") return this.lost(broken("heartbeat_timeout", "the hub is silent"));
    const outputs = verdict === "ask" ? this.#ping(now) : [];
    return [...outputs, ...this.#following.retry(), ...this.#renew(now)];
  }

  /**
   * Take it that the machine is awake, online, or looked at again: see at once how things are.
   *
   * @returns {Output[]}
   */
  wake() {
    if (this.#phase === "waiting" && !this.#obliged) return this.#begin(this.#why);
    const outputs = this.look();
    if (this.#phase !== "open" || !this.#welcomed || this.#silence.asked) return outputs;
    return [...outputs, ...this.#ping(this.#options.clock.now())];
  }

  /**
   * Follow a channel by a query, in place of another one.
   *
   * @param {Query} query
   * @returns {Output[]}
   */
  join(query) {
    this.#following.add(query);
    if (this.#phase === "open") return query.subscribe();
    if (this.#phase === "waiting") return query.wait({ ...this.state, state: "subscribing" });
    return this.#loss === null ? [] : query.end(this.#loss, { final: false });
  }

  /**
   * Follow a channel no longer.
   *
   * @param {Query} query
   * @returns {Output[]}
   */
  leave(query) {
    if (!this.#following.remove(query) || this.#phase !== "open" || query.ended) return [];
    return [{ do: "send", command: { type: "unsubscribe", channel: query.channel } }];
  }

  /**
   * Ask for what a paused query has not seen.
   *
   * @param {Query} query
   * @returns {Output[]}
   */
  resume(query) {
    query.resume();
    return this.#phase === "open" ? query.subscribe() : [];
  }

  /**
   * End because the caller wants it.
   *
   * @returns {Output[]}
   */
  close() {
    if (this.#phase === "ended") return [];
    this.#leave("ended", 0);
    return [{ do: "hang-up" }, this.#change(stateOf("disconnected", { code: NORMAL, reason: "closed" }))];
  }

  /**
   * @param {import("./frames.js").Control} frame
   * @returns {Output[]}
   */
  #control(frame) {
    if (frame.kind === "welcome") return this.#welcome(frame);
    if (frame.kind === "auth_ok") return this.#known(frame);
    if (frame.kind === "error" && frame.reply_to === this.#authId) return this.#authRefused(frame);
    const outputs = this.#following.take(frame);
    if (this.#following.live || frame.kind === "heartbeat") this.#attempt = 0;
    return outputs;
  }

  /**
   * @param {import("./frames.js").Welcome} frame
   * @returns {Output[]}
   */
  #welcome({ heartbeat_s: every, server_time: time }) {
    this.#welcomed = true;
    if (every) this.#silence.expect(every * 1000);
    this.#renewal.tell(time, this.#options.clock.now());
    return [this.#change(stateOf("connected"))];
  }

  /**
   * @param {import("./frames.js").Known} frame
   * @returns {Output[]}
   */
  #known({ principal, expires_at: end }) {
    this.#renewal.hold(end, this.#options.clock.now());
    const before = this.principal;
    this.principal = principal;
    const changed = before !== null && before !== principal;
    return this.#phase === "auth" ? this.#enter(changed) : [];
  }

  /**
   * @param {import("./frames.js").Refusal} frame
   * @returns {Output[]}
   */
  #authRefused(frame) {
    // Before it is known to the hub a client is closed, not answered; so a newer token was refused.
    if (this.#phase === "auth") return this.lost(broken("token_refused", frame.error));
    this.#renewLater();
    return [];
  }

  /**
   * @param {TokenReason} why
   * @returns {Output[]}
   */
  #begin(why) {
    this.#why = "connect";
    if (this.#options.auth === null) return this.#open();
    this.#leave("token", 0);
    return [{ do: "token", why, turn: ++this.#turn }];
  }

  /** @returns {Output[]} */
  #open() {
    this.#leave("opening", this.#options.timeout);
    return [{ do: "open", ticket: this.#options.auth === "ticket" ? this.#token : null }];
  }

  /**
   * @param {boolean | null} changed Whether somebody else came in before.
   * @returns {Output[]}
   */
  #enter(changed) {
    this.#phase = "open";
    return this.#following.ask(changed === true);
  }

  /**
   * @param {string} token
   * @returns {Output}
   */
  #auth(token) {
    this.#authId = this.#options.nextId();
    return { do: "send", command: { type: "auth", id: this.#authId, token } };
  }

  /**
   * @param {number} now
   * @returns {Output[]}
   */
  #ping(now) {
    this.#silence.ask(now);
    return [{ do: "send", command: { type: "ping", id: this.#options.nextId() } }];
  }

  /**
   * @param {number} now
   * @returns {Output[]}
   */
  #renew(now) {
    if (this.#renewal.dueAt === null || now < this.#renewal.dueAt || this.#phase !== "open") return [];
    this.#renewal.begin();
    return [{ do: "token", why: "renew", turn: ++this.#turn }];
  }

  #renewLater() {
    const { clock, maxReconnectDelay } = this.#options;
    this.#renewal.later(clock.now(), reconnectDelay(1, clock.random(), null, { max: maxReconnectDelay }));
  }

  /**
   * @param {Loss} loss
   * @returns {Output[]}
   */
  #end(loss) {
    this.#leave("ended", 0);
    this.#loss = loss;
    loss.error.help = this.#options.help(loss.error.help);
    const { code, reason, error } = loss;
    const state = stateOf("disconnected", { code, reason, help: error.help, message: error.message });
    const change = this.#change(/** @type {ClientState} */ (state));
    return [{ do: "hang-up" }, change, ...this.#following.end(loss), { do: "ended", loss }];
  }

  /**
   * Be in a phase in which there is no connection yet, or none any more.
   *
   * @param {Phase} phase
   * @param {number} within
   */
  #leave(phase, within) {
    this.#phase = phase;
    this.#since = this.#options.clock.now();
    this.#within = within;
    this.#welcomed = false;
    this.#renewal.stop();
  }

  /**
   * @param {import("./outputs.js").State} state
   * @returns {Output}
   */
  #change(state) {
    this.state = Object.freeze(/** @type {ClientState} */ (state));
    return { do: "state", state: this.state };
  }
}
