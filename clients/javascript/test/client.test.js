/** The client over sockets that the test plays the hub to. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { HistoryGap, HubClient, Unauthorized } from "../src/index.js";
import { FakeClock } from "./support/clock.js";
import { heard, scene } from "./support/scene.js";

const WORDS = [["connecting", null, ""], ["connected", null, ""]];

test("it connects with the first subscription, and says connected with the welcome", async () => {
  const { hub, sockets, words, newest } = scene();
  assert.equal(hub.state.reason, "not_connected");
  assert.equal(sockets.length, 0);

  const told = heard(hub.subscribe("contracts"));
  newest().open({ welcome: false });
  assert.deepEqual(words(), [WORDS[0]]);
  newest().hear({ type: "welcome", heartbeat_s: 25 });
  newest().acknowledge();

  assert.deepEqual(words(), WORDS);
  assert.deepEqual(told.states, ["subscribed"]);
  assert.equal(newest().url, "ws://hub.test/ws?channels=");
  assert.deepEqual(newest().protocols, ["hub.v1.json"]);
});

test("a subscription has items, position and lag, and its handlers see them", async () => {
  const { hub, newest } = scene();
  const contracts = hub.subscribe("contracts", { snapshot: true });
  const seen = [];
  contracts.addEventListener("event", ({ detail }) => seen.push([detail.position, contracts.items.get("c-8").status]));
  newest().open().acknowledge(7, { head: 9 });

  newest().snapshot([{ contract_id: "c-8", status: "old" }]).event(8);

  assert.deepEqual(seen, [["e:8", "active"]]);
  assert.equal(contracts.position, "e:8");
  assert.equal(contracts.lag, 1);
});

test("what the hub says of being slow is told and counted", () => {
  const { hub, newest } = scene();
  const contracts = hub.subscribe("contracts");
  const told = heard(contracts);
  newest().open().acknowledge();
  const lag = (behind) => newest().hear({ type: "lag", channel: "contracts", behind, mode: "lossless" });

  lag(412);
  assert.equal(contracts.lag, 412);
  lag(0);

  assert.deepEqual(told.of("lag"), [412, 0].map((behind) => ({ channel: "contracts", behind, mode: "lossless" })));
  assert.deepEqual([contracts.lags, contracts.lag], [1, 0]);
});

test("what came too late and what is a test changes no item", () => {
  const { hub, newest } = scene();
  const contracts = hub.subscribe("contracts", { snapshot: true });
  newest().open().acknowledge(1).snapshot([{ contract_id: "c-1", status: "active" }]);

  newest().event(2, { type: "contract_stale", data: { contract_id: "c-1", status: "stale" } });
  newest().hear({ type: "contract_update", channel: "contracts", id: "t", test: true, data: { contract_id: "c-1" } });

  assert.equal(contracts.items.get("c-1").status, "active");
});

test("equal subscriptions are one on the wire, and the last that closes ends it", async () => {
  const { hub, clock, sockets, newest } = scene();
  const one = hub.subscribe("contracts", { where: { location: ["Mumbai", "Chennai"], status: "active" } });
  const other = hub.subscribe("contracts", { where: { status: "active", location: ["Chennai", "Mumbai"] } });
  newest().open().acknowledge();

  one.close();
  one.close();
  await clock.pass(1000);
  assert.deepEqual(newest().commands("unsubscribe"), []);
  other.close();
  await clock.pass(1000);

  assert.equal(sockets.length, 1);
  assert.equal(newest().commands().length, 1);
  assert.equal(newest().commands("unsubscribe").length, 1);
});

test("who joins late begins with the newest state", async () => {
  const { hub, newest, settle } = scene();
  hub.subscribe("contracts", { snapshot: true });
  newest().open().acknowledge(1).snapshot([{ contract_id: "c-1" }]).event(2);

  const told = heard(hub.subscribe("contracts", { snapshot: true }));
  await settle();

  assert.deepEqual(told.of("snapshot")[0].items.map((one) => one.contract_id), ["c-1", "c-2"]);
  assert.deepEqual(told.states, ["subscribed"]);
  newest().event(3);
  assert.deepEqual(told.offsets, [3]);
});

test("who asks for the past gets all of it, also where another has read it already", () => {
  const { hub, sockets, newest } = scene();
  const first = heard(hub.subscribe("contracts", { since: "e:4" }));
  newest().open().acknowledge(4, { recovered: true }).event(5);

  const second = heard(hub.subscribe("contracts", { since: "e:4" }));
  newest().open().acknowledge(4, { recovered: true }).event(5);

  assert.equal(sockets.length, 2);
  assert.deepEqual([first.offsets, second.offsets], [[5], [5]]);
});

test("different queries of one channel have a connection each, of different channels none", async () => {
  const { hub, clock, sockets, words } = scene();
  hub.subscribe("contracts");
  hub.subscribe("jobs");
  const mumbai = hub.subscribe("contracts", { where: { location: "Mumbai" } });
  for (const socket of sockets) socket.open();

  assert.equal(sockets.length, 2);
  assert.deepEqual(sockets.map((socket) => socket.commands().map((one) => one.channel)), [["contracts", "jobs"], ["contracts"]]);
  assert.deepEqual(words(), WORDS);
  mumbai.close();
  await clock.pass(1000);
  assert.equal(sockets[1].closed, true);
  assert.equal(sockets[0].closed, false);
});

test("a query that nobody reads any more makes room at once", () => {
  const { hub, sockets, newest } = scene();
  const all = hub.subscribe("contracts");
  newest().open().acknowledge();

  all.close();
  hub.subscribe("contracts", { where: { location: "Mumbai" } });

  assert.equal(sockets.length, 1);
  assert.deepEqual(newest().commands().at(-1).where, { location: "Mumbai" });
});

test("there is an end to the connections of one client", () => {
  const { hub } = scene({ maxConnections: 2 });
  hub.subscribe("contracts");
  hub.subscribe("contracts", { where: { location: "Mumbai" } });

  assert.throws(() => hub.subscribe("contracts", { where: { location: "Delhi" } }), /at most 2 different queries/);
});

test("a connection too many ends what came over it, and nothing else", () => {
  const { hub, sockets, words, newest } = scene();
  const all = hub.subscribe("contracts");
  newest().open().acknowledge();
  const mumbai = hub.subscribe("contracts", { where: { location: "Mumbai" } });
  sockets[1].open().end(4508);

  assert.deepEqual([all.state.state, mumbai.state.reason, mumbai.error.code], ["subscribed", "connection_limit", "connection_limit"]);
  assert.deepEqual(words(), WORDS);
  hub.subscribe("contracts", { where: { location: "Delhi" } });
  assert.equal(sockets.length, 3);
  hub.connect();
  assert.equal(sockets.length, 4);
});

test("a channel that was refused can be asked for again", () => {
  const { hub, sockets, newest } = scene();
  const refuse = () => {
    const { id } = newest().commands().at(-1);
    newest().hear({ type: "error", reply_to: id, error: "No.", details: { code: "channel_not_found", message: "", help: "" } });
  };
  hub.subscribe("orders");
  newest().open();
  refuse();

  const told = heard(hub.subscribe("orders"));
  newest().acknowledge().event(1, { channel: "orders" });

  assert.equal(sockets.length, 1);
  assert.deepEqual(told.offsets, [1]);
});

test("a gap is told before what follows it, and the state is loaded anew", () => {
  const { hub, clock, newest } = scene();
  const told = heard(hub.subscribe("contracts", { snapshot: true }));
  newest().open().acknowledge(1).snapshot([]);
  newest().end();
  clock.pass(1000);
  newest().open().acknowledge(40, { reason: "expired" });

  newest().acknowledge(40).snapshot([{ contract_id: "c-9" }]);

  assert.deepEqual(told.told.slice(-3).map(({ type }) => type), ["gap", "snapshot", "state"]);
  const { fromOffset, toOffset, reason, help } = told.of("gap")[0];
  assert.deepEqual([fromOffset, toOffset, reason, help], [1, 40, "expired", "http://hub.test/docs/errors/history_gap"]);
});

test("every change says code, reason and help, of the client and of its subscriptions", async () => {
  const { hub, clock, states, newest } = scene({ clock: { chance: 0.5 } });
  const told = heard(hub.subscribe("contracts"));
  newest().open().acknowledge();

  newest().end(4412, '{"code":"draining","retry_after_ms":1000}');

  const [state] = states.slice(-1);
  const help = "http://hub.test/docs/errors/draining";
  assert.deepEqual(state, { state: "connecting", code: 4412, reason: "draining", help, retryInMs: 1125, message: "closed with 4412: draining" });
  assert.deepEqual(told.of("state").at(-1), { ...state, state: "subscribing" });
  await clock.pass(1124);
  assert.equal(newest().closed, true);
  await clock.pass(1);
  assert.equal(newest().closed, false);
});

test("waits grow with every loss, and are short again when all is well", async () => {
  const { hub, clock, states, newest } = scene({ clock: { chance: 0.999 } });
  hub.subscribe("contracts");
  const delays = [];
  for (let turn = 0; turn < 7; turn += 1) {
    newest().end();
    const { retryInMs } = states.at(-1);
    delays.push(Math.round(retryInMs));
    await clock.pass(retryInMs);
  }
  newest().open().acknowledge();
  newest().end();
  delays.push(Math.round(states.at(-1).retryInMs));

  assert.deepEqual(delays, [1000, 1499, 2498, 4496, 8492, 16484, 20000, 1000]);
});

test("a hub that lets in and closes before all is answered is not hammered", async () => {
  const { hub, clock, states, newest } = scene({ clock: { chance: 0.999 } });
  hub.subscribe("jobs");
  hub.subscribe("contracts");
  const delays = [];
  for (let turn = 0; turn < 4; turn += 1) {
    newest().open().acknowledge(0, { recovered: true });
    newest().end();
    const { retryInMs } = states.at(-1);
    delays.push(Math.round(retryInMs));
    await clock.pass(retryInMs);
  }

  assert.deepEqual(delays, [1000, 1499, 2498, 4496]);
});

test("a refusal ends for good, and connect goes on where it was", () => {
  const { hub, sockets, states, newest } = scene();
  const told = heard(hub.subscribe("contracts"));
  newest().open().acknowledge(0).event(1);

  newest().end(4501, '{"code":"token_revoked"}');
  assert.equal(states.at(-1).state, "disconnected");
  assert.equal(hub.error.code, "E_AUTHENTICATION_FAILED");
  assert.deepEqual(told.states.at(-1), "unsubscribed: token_revoked");
  hub.connect();
  newest().open().acknowledge(1, { recovered: true }).event(2);

  assert.equal(sockets.length, 2);
  assert.equal(hub.error, null);
  assert.deepEqual(newest().commands()[0].since, { epoch: "e", offset: 1 });
  assert.deepEqual(told.offsets, [1, 2]);
});

test("a channel that is refused ends its subscription alone", () => {
  const { hub, newest, words } = scene();
  const contracts = heard(hub.subscribe("contracts"));
  const nothing = hub.subscribe("nothing");
  newest().open();
  const [first, second] = newest().commands();
  newest().hear({ type: "error", reply_to: second.id, error: "No.", details: { code: "channel_not_found", message: "m", help: "/docs/errors/channel_not_found" } });
  newest().hear({ type: "subscribed", reply_to: first.id, channel: "contracts", epoch: "e", offset: 0, head: 0, recovered: false, reason: null });

  newest().event(1);

  assert.deepEqual(words(), WORDS);
  assert.deepEqual([nothing.state.state, nothing.state.reason, nothing.error.code], ["unsubscribed", "channel_not_found", "channel_not_found"]);
  assert.equal(nothing.state.help, "http://hub.test/docs/errors/channel_not_found");
  assert.deepEqual(contracts.offsets, [1]);
});

test("a subscribe that is refused for now is tried again on the same connection", async () => {
  const { hub, clock, sockets, newest } = scene();
  const told = heard(hub.subscribe("contracts"));
  newest().open();
  const { id } = newest().commands()[0];
  newest().hear({ type: "error", reply_to: id, error: "Later.", details: { code: "rate_limited", message: "m", help: "/h", retry_after_ms: 2000 } });
  assert.deepEqual(told.of("state").map((one) => [one.state, one.reason, one.retryInMs]), [["subscribing", "rate_limited", 2000]]);

  await clock.pass(2000);

  assert.equal(sockets.length, 1);
  assert.equal(newest().commands().length, 2);
});

test("a channel that may be read no longer ends", () => {
  const { hub, newest } = scene();
  const contracts = hub.subscribe("contracts");
  newest().open().acknowledge();

  newest().hear({ type: "unsubscribed", channel: "contracts", code: "forbidden" });

  assert.deepEqual([contracts.state.state, contracts.state.reason], ["unsubscribed", "forbidden"]);
});

test("a frame that cannot be read ends it, for the next ones could not be, either", () => {
  const { hub, newest, words } = scene();
  hub.subscribe("contracts");
  newest().open().onmessage({ data: "{" });

  assert.deepEqual(words().at(-1), ["disconnected", 1007, "invalid_data"]);
});

test("close ends everything, once, and nothing comes after it", async () => {
  const { hub, clock, sockets, newest, words } = scene();
  const told = heard(hub.subscribe("contracts"));
  newest().open().acknowledge();
  const socket = newest();

  hub.close();
  hub.close();
  socket.event(1);
  await clock.pass(600_000);

  assert.deepEqual(words().at(-1), ["disconnected", 1000, "closed"]);
  assert.deepEqual([told.states.at(-1), told.offsets, sockets.length, clock.timers.size], ["unsubscribed: closed", [], 1, 0]);
  assert.throws(() => hub.subscribe("contracts"), /one that was closed/);
});

test("a handler may close and subscribe; order stays", () => {
  const { hub, newest } = scene();
  const order = [];
  const first = hub.subscribe("contracts");
  first.addEventListener("event", ({ detail }) => {
    order.push(`first ${detail.offset}`);
    if (detail.offset === 1) hub.subscribe("jobs");
    if (detail.offset === 2) first.close();
  });
  const second = hub.subscribe("contracts");
  second.addEventListener("event", ({ detail }) => order.push(`second ${detail.offset}`));
  newest().open().acknowledge();

  newest().event(1).event(2).event(3);

  assert.deepEqual(order, ["first 1", "second 1", "first 2", "second 2", "second 3"]);
  assert.equal(newest().commands().at(-1).channel, "jobs");
});

test("options that do not exist, or are of another form, are refused", () => {
  const { hub } = scene();
  const bad = [
    ["", {}],
    ["contracts", { snapshots: true }],
    ["contracts", { history: 2, snapshot: true }],
    ["contracts", { history: 1001 }],
    ["contracts", { since: "12" }],
    ["contracts", { where: {} }],
    ["contracts", { where: { location: [] } }],
    ["contracts", { where: { location: { city: "Mumbai" } } }],
    ["contracts", { conflate: { key: "" } }],
    ["contracts", { conflate: { key: "a", maxHz: 0 } }],
    ["contracts", { onGap: "ignore" }],
    ["contracts", { key: 7 }],
  ];
  for (const [channel, options] of bad) {
    assert.throws(() => hub.subscribe(channel, options), TypeError, JSON.stringify(options));
  }
  for (const url of ["ftp://h", "http://", "h:8000"]) {
    assert.throws(() => new HubClient(url), TypeError, url);
  }
  assert.throws(() => new HubClient("http://h", { token: "a", getToken: () => "b" }), TypeError);
  assert.throws(() => new HubClient("http://h", { transport: "pigeon" }), TypeError);
});

test("an error is a HistoryGap with the position to go on from", () => {
  const { hub, clock, newest } = scene();
  const contracts = hub.subscribe("contracts", { since: "e:1" });

  newest().open().acknowledge(40, { reason: "expired" });

  assert.ok(contracts.error instanceof HistoryGap);
  assert.deepEqual([contracts.error.position, contracts.lastGap.reason], ["e:40", "expired"]);
  assert.ok(new Unauthorized() instanceof Error);
  void clock;
});

test("a page of help is one that a browser may open, whatever somebody between says", () => {
  const cases = [
    ["/docs/errors/draining", "http://hub.test/docs/errors/draining"],
    ["http://[", null],
    ["javascript:alert(1)", null],
    ["https://elsewhere.test/help", "https://elsewhere.test/help"],
  ];
  for (const [help, expected] of cases) {
    const { hub, states, newest } = scene();
    hub.subscribe("contracts");
    newest().open().acknowledge();
    newest().end(4412, JSON.stringify({ code: "draining", help }));

    assert.deepEqual([states.at(-1).state, states.at(-1).help], ["connecting", expected]);
  }
});

test("a platform that refuses an address by throwing is a network that fails", async () => {
  const clock = new FakeClock();
  let opened = 0;
  class Refused {
    constructor() {
      opened += 1;
      throw new DOMException("insecure", "SecurityError");
    }
  }
  const hub = new HubClient("http://hub.test", { clock, WebSocket: Refused, transport: "websocket" });
  hub.subscribe("contracts");
  assert.deepEqual([hub.state.state, hub.state.reason], ["connecting", "network_error"]);

  await clock.pass(1_000);

  assert.ok(opened > 1);
  hub.close();
});

test("where there is no WebSocket and nothing else will do, that is said at once", () => {
  const { WebSocket } = globalThis;
  globalThis.WebSocket = undefined;
  for (const options of [{ transport: "websocket" }, { getTicket: () => "t" }]) {
    const hub = new HubClient("http://hub.test", options);

    assert.throws(() => hub.subscribe("contracts"), /expected a WebSocket, got none/);
    assert.throws(() => hub.connect(), /expected a WebSocket, got none/);
    assert.equal(hub.state.reason, "not_connected");
  }
  globalThis.WebSocket = WebSocket;
});

test("who connects anew while an end is told has no error", () => {
  const { hub, newest } = scene();
  const contracts = hub.subscribe("contracts");
  const told = heard(contracts);
  hub.addEventListener("state", ({ detail }) => detail.state === "disconnected" && hub.connect());
  newest().open().acknowledge();
  newest().end(4501);
  assert.equal(hub.error, null);

  newest().open().acknowledge(0, { recovered: true }).event(1);

  assert.deepEqual([contracts.error, told.offsets], [null, [1]]);
});

test("a handler that throws keeps nothing from the others", async () => {
  const { hub, newest } = scene();
  const contracts = hub.subscribe("contracts");
  const thrown = [];
  const usual = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", ({ message }) => thrown.push(message));
  contracts.addEventListener("event", ({ detail }) => {
    throw new Error(`mine ${detail.offset}`);
  });
  const told = heard(contracts);

  newest().open().acknowledge().event(1).event(2);
  await new Promise((resolve) => setImmediate(resolve));
  process.removeAllListeners("uncaughtException");
  for (const one of usual) process.on("uncaughtException", one);

  assert.deepEqual([told.offsets, thrown], [[1, 2], ["mine 1", "mine 2"]]);
});

test("who closes another reader in a handler silences it at once", () => {
  const { hub, newest } = scene();
  const first = hub.subscribe("contracts");
  const second = hub.subscribe("contracts");
  first.addEventListener("event", () => second.close());
  const told = heard(second);

  newest().open().acknowledge().event(1);

  assert.deepEqual(told.offsets, []);
});

test("ten thousand subscriptions that come and go leave nothing behind", async () => {
  const { hub, clock, sockets, newest } = scene();
  hub.subscribe("jobs");
  newest().open().acknowledge();
  for (let turn = 0; turn < 10_000; turn += 1) {
    hub.subscribe("contracts", { where: { location: `city ${turn % 7}` } }).close();
    if (turn % 100 === 0) await clock.pass(300);
  }
  await clock.pass(300);

  assert.equal(sockets.filter((socket) => !socket.closed).length, 1);
  assert.equal(clock.timers.size, 1);
});

test("who asks again within the linger keeps what is there", async () => {
  const { hub, clock, newest } = scene();
  hub.subscribe("contracts").close();
  newest().open();
  await clock.pass(200);
  const told = heard(hub.subscribe("contracts"));
  newest().acknowledge();
  await clock.pass(1_000);

  newest().event(1);

  assert.deepEqual([told.offsets, newest().commands().length, newest().commands("unsubscribe").length], [[1], 1, 0]);
});

test("a later snapshot holds all there is: what it does not name is gone", () => {
  const { hub, clock, newest } = scene();
  const contracts = hub.subscribe("contracts", { snapshot: true });
  newest().open().acknowledge(2).snapshot([{ contract_id: "a" }, { contract_id: "b" }]);
  newest().end();
  clock.pass(1_000);
  newest().open().acknowledge(9, { reason: "expired" });

  newest().acknowledge(9).snapshot([{ contract_id: "b" }, { contract_id: "c" }]);

  assert.deepEqual([...contracts.items.keys()], ["b", "c"]);
});

test("a client is as well as the worst of its connections", async () => {
  const { hub, clock, sockets, words } = scene();
  hub.subscribe("contracts");
  hub.subscribe("contracts", { where: { location: "Mumbai" } });
  for (const socket of sockets) socket.open().acknowledge();

  sockets[1].end();
  assert.deepEqual([hub.state.state, hub.state.reason], ["connecting", "network_error"]);
  await clock.pass(1_000);
  sockets[2].open();

  assert.deepEqual(words(), [...WORDS, ["connecting", 1006, "network_error"], WORDS[1]]);
});

test("a try that was put off is none any more once a new connection has asked", async () => {
  const { hub, clock, newest } = scene();
  hub.subscribe("contracts");
  newest().open();
  const { id } = newest().commands()[0];
  newest().hear({ type: "error", reply_to: id, error: "Later.", details: { code: "rate_limited", message: "m", help: "/h", retry_after_ms: 5000 } });
  newest().end();
  await clock.pass(1_000);
  newest().open().acknowledge();

  await clock.pass(10_000);

  assert.equal(newest().commands().length, 1);
});

test("who subscribes where the hub has sent us away is told so", async () => {
  const { hub, newest, settle } = scene();
  hub.connect();
  newest().open();
  newest().end(4501, '{"code":"token_revoked"}');

  const jobs = hub.subscribe("jobs");
  const told = heard(jobs);
  await settle();

  assert.deepEqual([told.states, jobs.error?.code], [["unsubscribed: token_revoked"], "E_AUTHENTICATION_FAILED"]);
  await assert.rejects(async () => {
    for await (const _ of jobs);
  }, { code: "E_AUTHENTICATION_FAILED" });
});

test("a hub, or somebody between, that chooses JSON is spoken to in JSON", () => {
  const never = () => assert.fail("expected JSON");
  const { hub, newest } = scene({ format: { subprotocol: "hub.v1.msgpack", encode: never, decode: never } });
  const told = heard(hub.subscribe("contracts"));
  assert.deepEqual(newest().protocols, ["hub.v1.msgpack", "hub.v1.json"]);
  newest().protocols = ["hub.v1.json"];

  newest().open().acknowledge().event(1);

  assert.deepEqual(told.offsets, [1]);
});
