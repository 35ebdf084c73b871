/** Plain HTTP: blocks of text, streams that look like a socket, and which way is taken. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Blocks } from "../src/blocks.js";
import { HubClient } from "../src/index.js";
import { streamAddress } from "../src/stream.js";
import { FakeClock, settle } from "./support/clock.js";
import { heard } from "./support/scene.js";
import { fakeSockets } from "./support/sockets.js";

const TEXT =
  '\uFEFFretry: 2750\nevent: welcome\ndata: {"a":1}\n\n: a comment\r\nid: e;contracts=1\r\ndata: one\r\ndata: two\r\n\r\n' +
  "event: lag\rdata\r\rretry: soon\nretry: 40\nevent: error\ndata: x: y\n\nevent: nothing\n\n";
const BLOCKS = [
  { event: "welcome", data: '{"a":1}', retry: 2750 },
  { event: "message", data: "one\ntwo", retry: null },
  { event: "lag", data: "", retry: null },
  { event: "error", data: "x: y", retry: 40 },
];

test("text is blocks, wherever it is cut", () => {
  for (let size = 1; size <= TEXT.length; size += 1) {
    const blocks = new Blocks();
    const found = [];
    for (let at = 0; at < TEXT.length; at += size) found.push(...blocks.take(TEXT.slice(at, at + size)));
    assert.deepEqual(found, BLOCKS, `pieces of ${size}`);
  }
});

test("the address of a stream says what a subscribe says", () => {
  const cases = [
    [{}, "?channels=contracts"],
    [{ since: { epoch: "e", offset: 7 } }, "?channels=contracts&since=e%3Bcontracts%3D7"],
    [{ snapshot: true, conflate: { key: "a:b" } }, "?channels=contracts&snapshot=true&conflate=a%3Ab%3A20"],
    [{ history: 0, where: { a: [1, null] } }, "?channels=contracts&history=0&where=%7B%22a%22%3A%5B1%2Cnull%5D%7D"],
  ];
  for (const [asked, query] of cases) {
    const address = streamAddress({ base: "http://h/hub" }, { channel: "contracts", ...asked });
    assert.equal(address, `http://h/hub/api/events${query}`);
  }
});

/** A fetch whose answers the test writes. */
function fakeFetch() {
  const streams = [];
  const health = { answers: true, asked: 0, text: "{}" };
  const fetch = async (address, { headers = {}, signal } = {}) => {
    if (String(address).endsWith("/health")) {
      health.asked += 1;
      if (!health.answers) throw new TypeError("fetch failed");
      return new Response(health.text);
    }
    const encoder = new TextEncoder();
    let writer;
    const body = new ReadableStream({ start: (controller) => (writer = controller) });
    signal?.addEventListener("abort", () => writer.error(signal.reason));
    const stream = {
      address: String(address),
      headers,
      signal,
      write: (text) => writer.enqueue(encoder.encode(text)),
      tell: (frame, event = frame.type) => stream.write(`event: ${event}\ndata: ${JSON.stringify(frame)}\n\n`),
      event: (offset) => stream.write(`data: ${JSON.stringify({ type: "x", channel: "contracts", offset, id: `i${offset}`, data: {} })}\n\n`),
      close: () => writer.close(),
    };
    streams.push(stream);
    const refusal = fetch.refusals.shift();
    return refusal ? new Response(JSON.stringify(refusal.problem), refusal) : new Response(body, { headers: { "Content-Type": fetch.type } });
  };
  fetch.refusals = [];
  fetch.type = "text/event-stream; charset=utf-8";
  return { fetch, streams, health };
}

function plain(options = {}) {
  const clock = new FakeClock();
  const made = fakeFetch();
  const hub = new HubClient("http://hub.test", { transport: "sse", ...options, clock, fetch: made.fetch });
  const words = [];
  hub.addEventListener("state", ({ detail }) => words.push([detail.state, detail.code, detail.reason, detail.retryInMs]));
  return { ...made, hub, clock, words };
}

/** Let what was written be read: streams need turns of the loop. */
async function read() {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await settle();
}

const SUBSCRIBED = { type: "subscribed", channel: "contracts", epoch: "e", offset: 0, head: 0, recovered: false, reason: null };

test("a query is a stream, and a stream that ends is resumed", async () => {
  const { hub, clock, streams, words } = plain();
  const told = heard(hub.subscribe("contracts"));
  await read();
  streams[0].tell({ type: "welcome", heartbeat_s: 25 });
  streams[0].tell(SUBSCRIBED);
  streams[0].event(1);
  await read();
  streams[0].close();
  await read();
  await clock.pass(1_000);
  await read();
  streams[1].tell({ ...SUBSCRIBED, offset: 1, head: 2, recovered: true });
  streams[1].event(2);
  await read();

  assert.deepEqual(told.offsets, [1, 2]);
  assert.deepEqual(words.map(([word]) => word), ["connecting", "connected", "connecting", "connected"]);
  assert.equal(new URL(streams[1].address).searchParams.get("since"), "e;contracts=1");
  hub.close();
  assert.equal(streams[1].signal.aborted, true);
});

test("what the hub says before it ends a stream is heard", async () => {
  const { hub, streams, words } = plain();
  hub.subscribe("contracts");
  await read();
  streams[0].tell(SUBSCRIBED);
  streams[0].write("retry: 1500\n");
  streams[0].tell({ type: "/docs/errors/draining", code: "draining", status: 503, detail: "bye" }, "error");
  await read();

  assert.deepEqual(words.at(-1), ["connecting", 4412, "draining", 1500]);
  hub.close();
});

for (const [status, problem, expected] of [
  [401, { code: "E_AUTHENTICATION_FAILED" }, ["disconnected", 401, "E_AUTHENTICATION_FAILED", null]],
  [503, { code: "log_unavailable" }, ["connecting", 503, "log_unavailable", 500]],
  [502, undefined, ["connecting", 502, "http_502", 500]],
]) {
  test(`an answer of ${status} is a close`, async () => {
    const { hub, fetch, words } = plain();
    fetch.refusals.push({ status, problem });
    hub.subscribe("contracts");
    await read();

    assert.deepEqual(words.at(-1), expected);
    hub.close();
  });
}

test("a channel that is refused ends its subscription alone", async () => {
  const { hub, fetch, words } = plain();
  fetch.refusals.push({ status: 404, problem: { code: "channel_not_found", detail: "no", type: "/docs/errors/channel_not_found" } });
  const nothing = hub.subscribe("nothing");
  await read();

  assert.deepEqual([nothing.state.reason, nothing.state.help], ["channel_not_found", "http://hub.test/docs/errors/channel_not_found"]);
  assert.equal(words.at(-1)[0], "connected");
  hub.close();
});

test("the token goes with every request, in a header", async () => {
  const { hub, streams } = plain({ getToken: () => "t1" });
  hub.subscribe("contracts");
  await read();

  assert.equal(streams[0].headers.Authorization, "Bearer t1");
  assert.ok(!streams[0].address.includes("t1"));
  hub.close();
});

test("a stream that is silent is left, though the hub can be reached", async () => {
  const { hub, clock, streams, words } = plain();
  hub.subscribe("contracts");
  await read();
  streams[0].tell({ type: "welcome", heartbeat_s: 25 });
  streams[0].tell(SUBSCRIBED);
  await read();

  for (let turn = 0; turn < 20 && words.at(-1)[2] !== "heartbeat_timeout"; turn += 1) {
    await clock.pass(5_000);
    await read();
  }

  assert.deepEqual(words.at(-1).slice(0, 3), ["connecting", 1006, "heartbeat_timeout"]);
  hub.close();
});

function either() {
  const clock = new FakeClock();
  const { WebSocket, all } = fakeSockets();
  const made = fakeFetch();
  const hub = new HubClient("http://hub.test", { clock, WebSocket, fetch: made.fetch });
  const words = [];
  hub.addEventListener("state", ({ detail }) => words.push(detail.state));
  return { ...made, hub, clock, sockets: all, words };
}

test("where a WebSocket cannot be opened plain HTTP is taken at once, and for a while", async () => {
  const { hub, clock, sockets, streams, words } = either();
  hub.subscribe("contracts");
  sockets[0].end();
  await read();
  assert.deepEqual(words, ["connecting", "connected"]);
  assert.equal(streams.length, 1);

  streams[0].tell(SUBSCRIBED);
  await read();
  streams[0].close();
  await read();
  await clock.pass(1_000);
  await read();
  assert.deepEqual([sockets.length, streams.length], [1, 2]);
  clock.time += 600_000;
  streams[1].close();
  await read();
  await clock.pass(1_000);
  assert.equal(sockets.length, 2);
  hub.close();
});

test("a WebSocket that was open and broke is tried again, as one", async () => {
  const { hub, clock, sockets, streams } = either();
  hub.subscribe("contracts");
  sockets[0].open().acknowledge();
  sockets[0].end();
  await clock.pass(1_000);

  assert.deepEqual([sockets.length, streams.length], [2, 0]);
  hub.close();
});

test("a hub that is away is away on both ways, and comes back by WebSocket", async () => {
  const { hub, clock, sockets, health, words } = either();
  health.answers = false;
  hub.subscribe("contracts");
  sockets[0].end();
  await read();
  await clock.pass(1_000);
  sockets[1].open();

  assert.deepEqual(words, ["connecting", "connecting", "connected"]);
  hub.close();
});

test("an upgrade that is swallowed is followed by plain HTTP", async () => {
  const { hub, clock, sockets, streams } = either();
  hub.subscribe("contracts");
  await clock.pass(10_000);
  await clock.pass(500);
  await read();

  assert.deepEqual([sockets.length, streams.length], [1, 1]);
  hub.close();
});

test("a connection that is given up at once says nothing about the way", async () => {
  const { hub, clock, sockets, streams } = either();
  hub.subscribe("contracts");
  hub.subscribe("contracts", { where: { location: "Mumbai" } }).close();
  await clock.pass(300);

  hub.subscribe("contracts", { where: { location: "Delhi" } });
  await read();

  assert.deepEqual([sockets.length, streams.length], [3, 0]);
  hub.close();
});

test("a refusal by the hub is no reason to go another way", async () => {
  const { hub, sockets, streams, words } = either();
  hub.subscribe("contracts");
  sockets[0].end(4503, '{"code":"foreign_origin"}');
  await read();

  assert.deepEqual([words.at(-1), streams.length], ["disconnected", 0]);
});

test("without any WebSocket plain HTTP is the way", async () => {
  const { hub, streams } = plain({ transport: "auto" });
  hub.subscribe("contracts");
  await read();

  assert.equal(streams.length, globalThis.WebSocket ? 0 : 1);
  hub.close();
});

test("where sockets have worked, a hub that starts anew is waited for by socket", async () => {
  const { hub, clock, sockets, streams } = either();
  hub.subscribe("contracts");
  sockets[0].open().acknowledge();
  sockets[0].end();
  for (const turn of [1, 2]) {
    await clock.pass(5_000);
    sockets[turn].end();
    await read();
  }
  assert.equal(streams.length, 0);

  await clock.pass(5_000);
  sockets[3].end();
  await read();

  assert.deepEqual([sockets.length, streams.length], [4, 1]);
  hub.close();
});

test("who answers for the hub is not taken for it", async () => {
  const { hub, health, words } = plain();
  health.text = "<h1>Sign in to the network</h1>";
  hub.subscribe("contracts");
  await read();
  assert.deepEqual(words.map(([state, , reason]) => [state, reason]), [["connecting", ""], ["connecting", "network_error"]]);
  hub.close();
});

test("a page in the place of a stream is a network that fails", async () => {
  const { hub, fetch, streams, words } = plain();
  fetch.type = "text/html";
  hub.subscribe("contracts");
  await read();

  assert.equal(streams.length, 1);
  assert.deepEqual(words.at(-1).slice(0, 3), ["connecting", 1006, "network_error"]);
  hub.close();
});

test("a hub that lives and is not ready yet is no reason to stay with plain HTTP", async () => {
  const { hub, fetch, clock, sockets, streams } = either();
  hub.subscribe("contracts");
  sockets[0].open().acknowledge();
  fetch.refusals.push({ status: 503, problem: { code: "log_unavailable" } });
  for (const turn of [0, 1, 2, 3]) {
    sockets[turn].end();
    await read();
    await clock.pass(5_000);
  }
  assert.equal(streams.length, 1);

  sockets[4].open().acknowledge(0, { recovered: true });

  assert.deepEqual([hub.state.state, sockets.length, streams.length], ["connected", 5, 1]);
  hub.close();
});

test("a stream that is refused because the token has run out is asked for with a newer one", async () => {
  const asked = [];
  const { hub, fetch, clock, streams } = plain({ getToken: ({ reason }) => `t${asked.push(reason)}` });
  fetch.refusals.push({ status: 401, problem: { code: "token_expired" } });
  hub.subscribe("contracts");
  await read();
  await clock.pass(1_000);
  await read();

  assert.deepEqual(asked, ["connect", "token_expired"]);
  assert.equal(streams.at(-1).headers.Authorization, "Bearer t2");
  hub.close();
});
