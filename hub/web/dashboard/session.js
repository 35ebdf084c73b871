// Who looks: a token that is kept for this tab only, and the client that goes with it.

import { HubClient } from "/web/client/index.js";
import { WireSocket } from "./wire.js";

const KEY = "hub.token";

/**
 * Dispatches `client` (another one: whatever was shown is somebody else's), `state`, and `ask` with
 * `why`: "" (the hub wants to know who comes), renew, token_expired, or what is wrong with the token.
 */
export class Session extends EventTarget {
  token = "";
  hub = null;
  /** The hub takes no token that we have: nothing is to be asked until somebody brings another. */
  shut = false;
  #spent = ""; // The token that the hub has refused.
  #waiting = null; // Of the client, for a newer token: its promise and what settles it.

  constructor() {
    super();
    try {
      this.token = sessionStorage.getItem(KEY) ?? "";
    } catch {
      // A browser that stores nothing: the token is good until the page is loaded again.
    }
  }

  /** Whether the hub lets everybody in: then it is somebody's own, for trials. */
  get open() {
    return !this.token && this.hub?.state.state === "connected";
  }

  /** Whether the hub has refused this token: it counts refusals, and soon would not hear the next one either. */
  get isSpent() {
    return this.token !== "" && this.token === this.#spent;
  }

  get principal() {
    return this.hub?.principal ?? null;
  }

  start() {
    this.hub?.close();
    const known = this.token ? { getToken: (asked) => this.#newest(asked) } : {};
    const hub = new HubClient("/", { ...known, WebSocket: WireSocket });
    this.hub = hub;
    hub.addEventListener("state", ({ detail }) => hub === this.hub && this.#told(detail));
    this.dispatchEvent(new Event("client"));
    hub.connect();
  }

  /** Come with a token that somebody has pasted. */
  enter(token) {
    this.#keep(token);
    this.shut = false;
    if (this.#waiting) {
      this.#waiting.settle(token);
      this.#waiting = null;
    } else this.start();
  }

  /** Forget the token, and with it all that it has shown. */
  forget() {
    this.#keep("");
    location.reload();
  }

  /** Hear of a request that was refused for its token. */
  refused(code) {
    this.#spent = this.token;
    this.#ask(code ?? "refused");
  }

  #told(state) {
    this.dispatchEvent(new Event("state"));
    if (state.state !== "disconnected") return;
    const { reason, code } = state;
    if (reason === "token_expired" && !this.token) void this.#trial();
    else if (code === 4401 || code === 4501) this.#ask(this.token ? reason : "");
  }

  // A hub that lets everybody in has told us that a token has run out: that was a chaos button.
  async #trial() {
    await fetch("/api/ws/ticket", { method: "POST" }).catch(() => null);
    this.hub.connect();
  }

  #newest({ reason }) {
    if (reason === "connect") return this.token;
    if (!this.#waiting) {
      let settle;
      const promise = new Promise((done) => (settle = done));
      this.#waiting = { promise, settle };
      this.#ask(reason);
    } else if (reason === "token_expired") this.#ask(reason);
    return this.#waiting.promise;
  }

  #ask(why) {
    this.shut = why !== "renew";
    this.dispatchEvent(new CustomEvent("ask", { detail: why }));
  }

  #keep(token) {
    this.token = token;
    try {
      if (token) sessionStorage.setItem(KEY, token);
      else sessionStorage.removeItem(KEY);
    } catch {
      // See above.
    }
  }
}
