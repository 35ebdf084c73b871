/** Where the hub is. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { addressOf } from "../src/address.js";

afterEach(() => {
  delete process.env.HUB_URL;
  delete process.env.WS_URI;
  delete globalThis.location;
});

const CASES = [
  ["http://h:8000", "http://h:8000", "ws://h:8000/ws"],
  ["https://h/", "https://h", "wss://h/ws"],
  ["https://h/hub/", "https://h/hub", "wss://h/hub/ws"],
  ["ws://h/ws", "http://h", "ws://h/ws"],
  ["wss://h/api/ws", "https://h", "wss://h/api/ws"],
  ["ws://h", "http://h", "ws://h/ws"],
];

for (const [url, http, websocket] of CASES) {
  test(`both addresses come from ${url}`, () => assert.deepEqual(addressOf(url), { http, websocket }));
}

test("a page without an address means its own host", () => {
  globalThis.location = { href: "https://hub.test/jobs/7?x=1" };

  assert.deepEqual(addressOf(), { http: "https://hub.test", websocket: "wss://hub.test/ws" });
  assert.deepEqual(addressOf("/hub/ws"), { http: "https://hub.test/hub", websocket: "wss://hub.test/hub/ws" });
});

test("in Node the environment says it, and what an orchestrator injects does not", () => {
  assert.equal(addressOf().http, "http://127.0.0.1:8000");
  process.env.HUB_URL = "tcp://10.0.0.1:80";
  process.env.WS_URI = "ws://h:9/api/ws";
  assert.deepEqual(addressOf(), { http: "http://h:9", websocket: "ws://h:9/api/ws" });
  process.env.HUB_URL = "http://other";
  assert.equal(addressOf().http, "http://other");
});
