/**
 * Hooks for React 18 and later: what a hub tells, as state of a component.
 *
 * Components that ask for the same share one subscription; one that is mounted twice, as StrictMode
 * does, leaves nothing behind. All of it is safe to render: nothing is sent before an effect.
 * @module
 */

import { createContext, createElement, useCallback, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from "react";

/**
 * @typedef {import("./client.js").HubClient} HubClient
 * @typedef {import("./subscription.js").Subscription} Subscription
 * @typedef {import("./outputs.js").HubEvent} HubEvent
 */

/**
 * What `useChannel` returns; a new object whenever something of it changes.
 *
 * @typedef {object} ChannelView
 * @property {"subscribing" | "subscribed" | "unsubscribed"} status
 * @property {import("./outputs.js").SubscriptionState} state With code, reason and help.
 * @property {import("./errors.js").HubError | null} error Why it is over, if it is.
 * @property {ReadonlyMap<any, any>} items By key; empty where no key was asked for.
 * @property {HubEvent | null} event The newest.
 * @property {import("./outputs.js").Gap | null} gap The newest that was told.
 * @property {string | null} position
 * @property {number | null} lag
 */

const Context = createContext(/** @type {HubClient | null} */ (null));
const NOTHING = new Map();
/** @type {ChannelView} */
const BEFORE = Object.freeze({
  status: "subscribing",
  state: Object.freeze({ state: "subscribing", code: null, reason: "", help: null, retryInMs: null, message: "" }),
  error: null,
  items: NOTHING,
  event: null,
  gap: null,
  position: null,
  lag: null,
});

/**
 * Give a client to the components below. It is not closed with the provider: whoever made it may.
 * @param {{ client: HubClient, children?: import("react").ReactNode }} props
 */
export function HubProvider({ client, children }) {
  return createElement(Context.Provider, { value: client }, children);
}

/**
 * The client of the nearest provider.
 * @returns {HubClient}
 */
export function useHub() {
  const client = useContext(Context);
  if (client === null) throw new TypeError("expected a HubProvider above, got none");
  return client;
}

/** What the client is doing, and why. */
export function useHubState() {
  const client = useHub();
  const follow = useCallback(
    (/** @type {() => void} */ changed) => {
      client.addEventListener("state", changed);
      return () => client.removeEventListener("state", changed);
    },
    [client],
  );
  const read = () => client.state;
  return useSyncExternalStore(follow, read, read);
}

/**
 * Follow a channel for as long as the component is there.
 *
 * Options may be written in place: equal ones are the same. Events that come in one go make one
 * render; who needs each of them takes `useHubEvents`, or `onEvent`.
 * @param {string} channel
 * @param {import("./wants.js").SubscribeOptions} [options]
 * @returns {ChannelView}
 */
export function useChannel(channel, options = {}) {
  const store = useStore(channel, options);
  return useSyncExternalStore(store.follow, store.read, () => BEFORE);
}

/**
 * Call a function with each event of a channel, in order.
 * @param {string} channel
 * @param {import("./wants.js").SubscribeOptions} options
 * @param {(event: HubEvent) => void} onEvent The newest one given is called.
 */
export function useHubEvents(channel, options, onEvent) {
  const client = useHub();
  const newest = useRef(onEvent);
  const identity = JSON.stringify([channel, options], sets);
  useEffect(() => {
    newest.current = onEvent;
  });
  useEffect(() => {
    const subscription = client.subscribe(channel, options);
    subscription.addEventListener("event", (message) => newest.current(detailOf(message)));
    return () => subscription.close();
    // `identity` is what channel and options are.
  }, [client, identity]);
}

/**
 * @param {string} channel
 * @param {import("./wants.js").SubscribeOptions} options
 */
function useStore(channel, options) {
  const client = useHub();
  const identity = JSON.stringify([channel, options], sets);
  return useMemo(() => new Store(() => client.subscribe(channel, options)), [client, identity]);
}

/** One channel as an external store: subscribed while somebody follows it. */
class Store {
  /** @type {ChannelView} */
  #view = BEFORE;
  /** @type {Subscription | null} */
  #subscription = null;
  /** @type {Set<() => void>} */
  #followers = new Set();
  #stale = false;
  #waits = false;
  /** @type {HubEvent | null} */
  #event = null;
  #subscribe;

  /** @param {() => Subscription} subscribe */
  constructor(subscribe) {
    this.#subscribe = subscribe;
  }

  follow = (/** @type {() => void} */ changed) => {
    this.#followers.add(changed);
    if (this.#followers.size === 1) this.#begin();
    return () => {
      this.#followers.delete(changed);
      if (this.#followers.size === 0) this.#end();
    };
  };

  read = () => {
    const subscription = this.#subscription;
    if (this.#stale && subscription) {
      this.#stale = false;
      const { state, error, items, lastGap, position, lag } = subscription;
      this.#view = Object.freeze({
        status: state.state,
        state,
        error,
        // A copy: what was rendered must not change under it.
        items: items ? new Map(items) : NOTHING,
        event: this.#event,
        gap: lastGap,
        position,
        lag,
      });
    }
    return this.#view;
  };

  #begin() {
    this.#subscription = this.#subscribe();
    const tell = () => this.#changed();
    for (const type of ["state", "snapshot", "gap", "lag"]) this.#subscription.addEventListener(type, tell);
    this.#subscription.addEventListener("event", (message) => {
      this.#event = detailOf(message);
      this.#changed();
    });
    this.#stale = true;
  }

  #end() {
    this.#subscription?.close();
    this.#subscription = null;
  }

  /** Tell once of all that comes in one go. */
  #changed() {
    if (this.#waits) return;
    this.#waits = true;
    queueMicrotask(() => {
      this.#waits = false;
      this.#stale = true;
      for (const follower of [...this.#followers]) follower();
    });
  }
}

/**
 * @param {Event} message
 * @returns {any}
 */
function detailOf(message) {
  return /** @type {any} */ (message).detail;
}

/**
 * @param {string} _
 * @param {unknown} value
 */
function sets(_, value) {
  return value instanceof Set ? [...value] : value;
}

