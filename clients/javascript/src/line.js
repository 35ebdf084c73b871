/**
 * One connection to the hub, without I/O: what happens in, what to do out.
 *
 * The shell (`connection.js`) owns socket, timer and clock. It calls the methods here as things
 * happen, does what they return in order, and calls `look` when `dueAt` has come, or later.
 * @module
 */

import { Approach } from "./approach.js";
import { NORMAL, TOKEN_EXPIRED, broken, illegible, nobody, whyOf } from "./closing.js";
import { Following } from "./following.js";
import { read } from "./frames.js";
import { Identity } from "./identity.js";
import { stateOf } from "./outputs.js";
import { Silence } from "./silence.js";
import { termsOf } from "./terms.js";

/**
 * @typedef {import("./outputs.js").Output} Output
 * @typedef {import("./outputs.js").ClientState} ClientState
 * @typedef {import("./closing.js").Loss} Loss
 */

export class Line {
  /** @type {ClientState} The last one that was said. */
  state = Object.freeze(stateOf("disconnected", { reason: "not_connected" }));
  #approach;
  #identity;
  #silence;
  #terms;

  /** @param {import("./terms.js").LineOptions} options */
  constructor(options) {
    const terms = termsOf(options);
    this.#terms = terms;
    this.#approach = new Approach(terms.clock, terms);
    this.#identity = new Identity(terms.auth, terms.clock, terms.nextId);
    this.#silence = new Silence(terms.maxServerPingDelay, terms.timeout / 2);
    /** Its queries: one a channel, for the hub keeps no more on a connection. */
    this.following = new Following(terms.clock, terms.help);
  }

  get #phase() {
    return this.#approach.phase;
  }

  /** Who the hub takes us for; null where it was shown nothing. */
  get principal() {
    return this.#identity.principal;
  }

  /** When to call `look`; null: nothing is waited for. */
  get dueAt() {
    if (!this.#approach.welcomed) return this.#approach.dueAt;
    return Math.min(this.#silence.dueAt, this.following.dueAt, this.#identity.dueAt);
  }

  /**
   * Begin, unless it has begun already.
   * @returns {Output[]}
   */
  connect() {
    if (!this.#approach.over) return [];
    this.#approach.settle();
    return [this.#change(stateOf("connecting")), ...this.following.revive(), ...this.#begin("connect")];
  }

  /**
   * Take the token or ticket that was asked for.
   * @param {number} turn Of the output that asked.
   * @param {string} credential
   * @returns {Output[]}
   */
  authorized(turn, credential) {
    if (!this.#identity.awaits(turn)) return [];
    this.#identity.credential = credential;
    if (this.#phase === "open") return [this.#identity.auth(credential)];
    return this.#phase === "token" ? this.#open() : [];
  }

  /**
   * Take it that there is none; for good where somebody said `Unauthorized`.
   * @param {number} turn
   * @param {unknown} error
   * @returns {Output[]}
   */
  unauthorized(turn, error) {
    if (!this.#identity.awaits(turn) || !["token", "open"].includes(this.#phase)) return [];
    const text = error instanceof Error ? error.message : String(error);
    if (error instanceof Error && error.name === "Unauthorized") return this.#end(nobody(text));
    if (this.#phase === "token") return this.lost(broken("token_unavailable", text));
    this.#identity.renewLater();
    return [];
  }

  /**
   * Take it that the connection is there; say who we are, then ask.
   * @returns {Output[]}
   */
  opened() {
    if (this.#phase !== "opening") return [];
    this.#silence.heard(this.#terms.clock.now());
    const { token } = this.#identity;
    if (token === null) return this.#enter(false);
    this.#approach.phase = "auth";
    return [this.#identity.auth(token)];
  }

  /**
   * Take a frame, as an object.
   * @param {unknown} frame
   * @returns {Output[]}
   */
  received(frame) {
    if (!this.#approach.hears) return [];
    this.#silence.heard(this.#terms.clock.now());
    let said;
    try {
      said = read(frame);
    } catch (error) {
      return this.unreadable(error);
    }
    if (said === null) return [];
    return "push" in said ? this.following.push(said.push) : this.#control(said.control);
  }

  /**
   * Take it that a frame could not be read: the next ones could not be, either.
   * @param {unknown} error
   * @returns {Output[]}
   */
  unreadable(error) {
    return this.#end(illegible(error instanceof Error ? error.message : String(error)));
  }

  /**
   * Take it that there is no connection, and come back unless that is pointless.
   * @param {Loss} loss
   * @returns {Output[]}
   */
  lost(loss) {
    if (this.#approach.over || this.#phase === "waiting") return [];
    const { auth, fixed } = this.#terms;
    const expired = loss.code === TOKEN_EXPIRED || loss.reason === "token_expired";
    if (loss.final || (expired && (fixed || auth === null))) return this.#end(loss);
    this.#identity.stop();
    return [{ do: "hang-up" }, ...this.#wait(loss, this.#approach.retreat(loss, expired))];
  }

  /**
   * See what the time has brought.
   * @returns {Output[]}
   */
  look() {
    const approach = this.#approach;
    if (approach.over) return [];
    if (!approach.welcomed) {
      if (!approach.late) return [];
      if (approach.phase === "token") {
        const pending = approach.linger();
        return this.state.reason === "token_expired" ? [] : this.#wait(pending);
      }
      if (approach.phase === "waiting") return this.#begin(approach.why);
      return this.lost(broken("timeout", `no welcome within ${approach.within} ms`));
    }
    const verdict = this.#silence.look(this.#terms.clock.now());
    if (verdict === "dead") return this.lost(broken("heartbeat_timeout", "the hub is silent"));
    const outputs = verdict === "ask" ? this.#ping() : [];
    return [...outputs, ...this.following.retry(), ...this.#identity.renew()];
  }

  /**
   * Take it that the machine is awake, online, or looked at again: see at once how things are.
   * @returns {Output[]}
   */
  wake() {
    if (this.#phase === "waiting" && !this.#approach.obliged) return this.#begin(this.#approach.why);
    const outputs = this.look();
    if (this.#phase !== "open" || !this.#approach.welcomed || this.#silence.asked) return outputs;
    return [...outputs, ...this.#ping()];
  }

  /**
   * End because the caller wants it.
   * @returns {Output[]}
   */
  close() {
    if (this.#phase === "ended") return [];
    this.#approach.enter("ended");
    this.#identity.stop();
    return [{ do: "hang-up" }, this.#change(stateOf("disconnected", { code: NORMAL, reason: "closed" }))];
  }

  /**
   * @param {import("./frames.js").Control} frame
   * @returns {Output[]}
   */
  #control(frame) {
    if (frame.kind === "welcome") return this.#welcome(frame);
    if (frame.kind === "auth_ok") return this.#known(frame);
    if (frame.kind === "error" && this.#identity.showed(frame.reply_to)) return this.#authRefused(frame);
    const outputs = this.following.take(frame);
    if (this.following.live || frame.kind === "heartbeat") this.#approach.settle();
    return outputs;
  }

  /**
   * @param {import("./frames.js").Welcome} frame
   * @returns {Output[]}
   */
  #welcome({ heartbeat_s: every, server_time: time }) {
    const first = !this.#approach.welcomed;
    this.#approach.welcomed = true;
    if (every) this.#silence.expect(every * 1000);
    this.#identity.tell(time);
    return first ? [this.#change(stateOf("connected"))] : [];
  }

  /**
   * @param {import("./frames.js").Known} frame
   * @returns {Output[]}
   */
  #known(frame) {
    const changed = this.#identity.known(frame);
    return this.#phase === "auth" ? this.#enter(changed) : [];
  }

  /**
   * @param {import("./frames.js").Refusal} frame
   * @returns {Output[]}
   */
  #authRefused(frame) {
    // Before it is known to the hub a client is closed, not answered; so a newer token was refused.
    if (this.#phase === "auth") return this.lost(broken("token_refused", frame.error));
    this.#identity.renewLater();
    return [];
  }

  /**
   * @param {import("./outputs.js").TokenReason} why
   * @returns {Output[]}
   */
  #begin(why) {
    this.#approach.why = "connect";
    if (this.#terms.auth === null) return this.#open();
    this.#approach.enter("token", this.#terms.timeout);
    return [this.#identity.ask(why)];
  }

  /**
   * @param {Loss} loss
   * @param {number | null} [delay]
   * @returns {Output[]}
   */
  #wait(loss, delay) {
    const change = this.#change(stateOf("connecting", whyOf(loss, this.#terms.help, delay)));
    return [change, ...this.following.wait(this.state)];
  }

  /** @returns {Output[]} */
  #open() {
    this.#approach.enter("opening", this.#terms.timeout);
    return [{ do: "open", ticket: this.#identity.ticket }];
  }

  /**
   * @param {boolean} changed Whether somebody else came in before.
   * @returns {Output[]}
   */
  #enter(changed) {
    this.#approach.phase = "open";
    return this.following.ask(changed);
  }

  /** @returns {Output[]} */
  #ping() {
    this.#silence.ask(this.#terms.clock.now());
    return [{ do: "send", command: { type: "ping", id: this.#terms.nextId() } }];
  }

  /**
   * @param {Loss} loss
   * @returns {Output[]}
   */
  #end(loss) {
    this.#approach.enter("ended");
    this.#identity.stop();
    const change = this.#change(stateOf("disconnected", whyOf(loss, this.#terms.help)));
    return [{ do: "hang-up" }, change, ...this.following.end(loss), { do: "ended", loss }];
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
