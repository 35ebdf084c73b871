/**
 * A program that listens and writes down what it hears, a line of JSON each; for tests/javascript.
 *
 * Its argument says to what. A line on stdin is a token that was asked for, or lets a loop go on.
 * @module
 */

import { createInterface } from "node:readline";

import WebSocket from "ws";

import { HubClient } from "../../src/index.js";
import { msgpack } from "../../src/msgpack.js";

const { url, options = {}, packed = false, asks = false, ticket, subscriptions } = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const waiting = [];

const hub = new HubClient(url, {
  WebSocket,
  ...options,
  ...(packed ? { format: msgpack } : {}),
  ...(asks ? { getToken: ask } : {}),
  ...(ticket ? { getTicket: () => ticket } : {}),
});
hub.addEventListener("state", ({ detail }) => say({ type: "client", principal: hub.principal, ...detail }));

for (const { channel, iterate = false, ...asked } of subscriptions) {
  const subscription = hub.subscribe(channel, asked);
  for (const type of ["state", "gap", "lag"]) {
    subscription.addEventListener(type, ({ detail }) => say({ type, channel, ...detail }));
  }
  if (iterate) void read(subscription);
  else {
    subscription.addEventListener("event", ({ detail }) => say({ type: "event", event: detail, ...standing(subscription) }));
    subscription.addEventListener("snapshot", ({ detail }) => say({ ...detail, ...standing(subscription) }));
  }
}

createInterface({ input: process.stdin }).on("line", (line) => waiting.shift()?.(line));

function standing({ channel, items, position, lag }) {
  return { channel, position, lag, items: items && [...items.values()] };
}

/** Read with a body that waits for a line on stdin, once: what comes meanwhile waits, too. */
async function read(subscription) {
  let held = true;
  for await (const event of subscription) {
    if (held) await new Promise((resolve) => waiting.push(resolve));
    held = false;
    say({ type: "read", offset: event.offset, position: event.position, kept: subscription.position });
  }
  say({ type: "over", channel: subscription.channel });
}

function ask({ reason }) {
  say({ type: "ask", reason });
  return new Promise((resolve) => waiting.push(resolve));
}
