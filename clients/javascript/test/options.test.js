/** What a client is made with. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test } from "node:test";

import { HubClient } from "../src/index.js";
import { NAME } from "../src/options.js";
import { scene } from "./support/scene.js";

afterEach(() => {
  delete process.env.HUB_TOKEN;
  delete globalThis.document;
});

const BAD = [
  { getTokn: () => "t" },
  { token: "" },
  { token: "a b" },
  { token: null },
  { token: "a", getToken: () => "b" },
  { getToken: "t" },
  { getTicket: Promise.resolve("t") },
  { minReconnectDelay: 0 },
  { minReconnectDelay: Number.NaN },
  { maxReconnectDelay: "5s" },
  { timeout: -1 },
  { maxServerPingDelay: null },
  { linger: Number.POSITIVE_INFINITY },
  { maxConnections: 0 },
  { client: 7 },
  { client: "x".repeat(201) },
  { transport: "pigeon" },
  { fetch: "fetch" },
  { WebSocket: {} },
  { format: "msgpack" },
];

for (const options of BAD) {
  test(`${JSON.stringify(options)} is refused before anything is sent`, () => {
    assert.throws(() => new HubClient("http://h", options), TypeError);
  });
}

test("a token is not shown where it is refused", () => {
  assert.throws(() => new HubClient("http://h", { token: "s3cret\n" }), (error) => !error.message.includes("s3cret"));
  process.env.HUB_TOKEN = "s3cret\n";
  assert.throws(() => new HubClient("http://h"), (error) => error instanceof TypeError && !error.message.includes("s3cret"));
});

test("what is undefined is as good as left out", () => {
  const { hub, newest } = scene({ getToken: undefined, timeout: undefined });
  hub.subscribe("contracts");
  newest().open().acknowledge();

  assert.equal(hub.state.state, "connected");
});

test("operators see what a program calls itself; a page has its User-Agent", () => {
  const address = (options) => {
    const { hub, newest } = scene(options);
    hub.subscribe("contracts");
    hub.close();
    return new URL(newest().url).searchParams.get("client");
  };

  assert.equal(address({ client: "wall screen/1.2" }), "wall screen/1.2");
  assert.equal(address({ client: undefined }), NAME);
  globalThis.document = new EventTarget();
  assert.equal(address({ client: undefined }), null);
});

test("the package calls itself what it is", () => {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

  assert.equal(NAME, `hub-client-javascript/${version}`);
});
