/** A client whose hub and clock the test plays. @module */

import { HubClient } from "../../src/index.js";
import { FakeClock, settle } from "./clock.js";
import { fakeSockets } from "./sockets.js";

export function scene(options = {}) {
  const { clock: terms, ...more } = options;
  const clock = new FakeClock(terms);
  const { WebSocket, all } = fakeSockets();
  const hub = new HubClient("http://hub.test", {
    transport: "websocket",
    client: "",
    ...more,
    clock,
    WebSocket,
  });
  const states = [];
  hub.addEventListener("state", ({ detail }) => states.push(detail));
  const words = () => states.map(({ state, code, reason }) => [state, code, reason]);
  const newest = () => all.at(-1);
  return { hub, clock, sockets: all, newest, states, words, settle };
}

/** Write down everything that a subscription tells. */
export function heard(subscription) {
  const told = [];
  for (const type of ["state", "snapshot", "event", "gap", "lag"]) {
    subscription.addEventListener(type, ({ detail }) => told.push({ type, detail }));
  }
  const of = (type) => told.filter((one) => one.type === type).map((one) => one.detail);
  return {
    told,
    of,
    get offsets() {
      return of("event").map((event) => event.offset);
    },
    get states() {
      return of("state").map(({ state, reason }) => (reason ? `${state}: ${reason}` : state));
    },
  };
}
