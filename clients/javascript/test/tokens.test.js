/** Who comes: tokens, their renewal, tickets, and somebody else. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Unauthorized } from "../src/index.js";
import { heard, scene } from "./support/scene.js";

const HOUR = 3_600_000;

/** Let a client in by its token, and say who it is. */
function admit(socket, clock, { principal = "anna", lifetime = null } = {}) {
  const at = (ms) => new Date(clock.time + ms).toISOString();
  socket.open({ welcome: false });
  const { id } = socket.commands("auth").at(-1);
  const expires_at = lifetime === null ? null : at(lifetime);
  socket.hear({ type: "auth_ok", reply_to: id, principal, expires_at });
  socket.hear({ type: "welcome", heartbeat_s: 25, server_time: at(0) });
  return socket;
}

function tokens(...given) {
  const asked = [];
  const getToken = async ({ reason }) => {
    asked.push(reason);
    const next = given.length > 1 ? given.shift() : given[0];
    if (next instanceof Error) throw next;
    return next;
  };
  return { getToken, asked };
}

test("the token is the first frame, and nothing is asked before its answer", async () => {
  const { getToken, asked } = tokens("t1");
  const { hub, clock, newest, settle } = scene({ getToken });
  hub.subscribe("contracts");
  await settle();

  newest().open({ welcome: false });
  assert.deepEqual(newest().sent.map(({ type, token }) => [type, token]), [["auth", "t1"]]);
  admit(newest(), clock);

  assert.deepEqual(newest().sent.map(({ type }) => type), ["auth", "auth", "subscribe"].slice(0, 1).concat("subscribe"));
  assert.deepEqual(asked, ["connect"]);
  assert.equal(hub.principal, "anna");
  assert.equal(newest().url, "ws://hub.test/ws?channels=");
});

test("a token is renewed on the open connection before it runs out", async () => {
  const { getToken, asked } = tokens("t1", "t2");
  const { hub, clock, sockets, newest, settle } = scene({ getToken });
  hub.subscribe("contracts");
  await settle();
  const socket = admit(newest(), clock, { lifetime: HOUR });
  socket.acknowledge();
  const speak = setInterval(() => {}, 1000);

  for (let passed = 0; passed < HOUR - 120_000; passed += 20_000) {
    await clock.pass(20_000);
    socket.hear({ type: "heartbeat", epoch: "e", positions: {} });
  }
  clearInterval(speak);

  assert.deepEqual(asked, ["connect", "renew"]);
  assert.deepEqual(socket.commands("auth").map(({ token }) => token), ["t1", "t2"]);
  assert.equal(sockets.length, 1);
});

test("a hub whose clock runs differently is believed", async () => {
  const { getToken, asked } = tokens("t1", "t2");
  const { hub, clock, newest, settle } = scene({ getToken });
  hub.subscribe("contracts");
  await settle();
  const socket = newest().open({ welcome: false });
  const ahead = clock.time + 10 * HOUR;
  const expires_at = new Date(ahead + 40_000).toISOString();
  socket.hear({ type: "auth_ok", reply_to: socket.commands("auth")[0].id, principal: "anna", expires_at });
  socket.hear({ type: "welcome", heartbeat_s: 25, server_time: new Date(ahead).toISOString() });

  await clock.pass(29_999);
  assert.deepEqual(asked, ["connect"]);
  await clock.pass(1);

  assert.deepEqual(asked, ["connect", "renew"]);
});

test("a renewal that fails is tried again; the connection goes on meanwhile", async () => {
  const { getToken, asked } = tokens("t1", new Error("the issuer is away"), "t2");
  const { hub, clock, sockets, newest, settle } = scene({ getToken });
  hub.subscribe("contracts");
  await settle();
  const socket = admit(newest(), clock, { lifetime: 20_000 });

  await clock.pass(16_000);

  assert.deepEqual(asked, ["connect", "renew", "renew"]);
  assert.deepEqual(socket.commands("auth").map(({ token }) => token), ["t1", "t2"]);
  assert.equal(sockets.length, 1);
});

test("a newer token that the hub refuses is asked for again", async () => {
  const { getToken, asked } = tokens("t1", "bad", "t2");
  const { hub, clock, newest, settle } = scene({ getToken });
  hub.subscribe("contracts");
  await settle();
  const socket = admit(newest(), clock, { lifetime: 20_000 });
  await clock.pass(15_000);

  const { id } = socket.commands("auth").at(-1);
  socket.hear({ type: "error", reply_to: id, error: "No.", details: { code: "unauthenticated", message: "", help: "" } });
  await clock.pass(1_000);

  assert.deepEqual(asked, ["connect", "renew", "renew"]);
  assert.equal(socket.commands("auth").at(-1).token, "t2");
});

test("a token that has run out is followed by a newer one, and nothing is lost", async () => {
  const { getToken, asked } = tokens("t1", "t2");
  const { hub, clock, newest, settle } = scene({ getToken });
  const told = heard(hub.subscribe("contracts"));
  await settle();
  admit(newest(), clock).acknowledge().event(1);

  newest().end(4401, '{"code":"token_expired"}');
  await clock.pass(1_000);
  admit(newest(), clock).acknowledge(1, { recovered: true }).event(2);

  assert.deepEqual(asked, ["connect", "token_expired"]);
  assert.deepEqual(told.offsets, [1, 2]);
});

test("a token that is always the same ends with it", async () => {
  const { hub, clock, newest, settle, words } = scene({ token: "t1" });
  hub.subscribe("contracts");
  await settle();
  admit(newest(), clock);

  newest().end(4401, '{"code":"token_expired"}');

  assert.deepEqual(words().at(-1), ["disconnected", 4401, "token_expired"]);
});

test("Unauthorized ends for good; any other failure is tried again", async () => {
  const { getToken } = tokens(new Error("the issuer is away"), new Unauthorized("signed out"));
  const { hub, clock, sockets, words, settle } = scene({ getToken });
  hub.subscribe("contracts");
  await settle();
  assert.deepEqual(words().at(-1), ["connecting", 1006, "token_unavailable"]);

  await clock.pass(1_000);

  assert.deepEqual(words().at(-1), ["disconnected", null, "E_AUTHENTICATION_FAILED"]);
  assert.equal(hub.error.message, "signed out");
  assert.equal(sockets.length, 0);
});

test("Unauthorized while renewing ends an open connection", async () => {
  const { getToken } = tokens("t1", new Unauthorized());
  const { hub, clock, newest, words, settle } = scene({ getToken });
  hub.subscribe("contracts");
  await settle();
  admit(newest(), clock, { lifetime: 20_000 });

  await clock.pass(15_000);

  assert.deepEqual(words().at(-1), ["disconnected", null, "E_AUTHENTICATION_FAILED"]);
  assert.equal(newest().closed, true);
});

test("what is no token is not sent", async () => {
  for (const given of [undefined, "", "a b", "naïve", { token: "t" }]) {
    const { hub, sockets, words, settle } = scene({ getToken: () => given });
    hub.subscribe("contracts");
    await settle();
    assert.deepEqual([sockets.length, words().at(-1)], [0, ["connecting", 1006, "token_unavailable"]]);
    hub.close();
  }
});

test("a ticket goes into the address, a new one each time", async () => {
  let number = 0;
  const { hub, clock, newest, settle } = scene({ getTicket: async () => `ticket-${++number}` });
  hub.subscribe("contracts");
  await settle();
  assert.equal(newest().url, "ws://hub.test/ws?channels=&ticket=ticket-1");

  newest().open().end(4401);
  await clock.pass(1_000);

  assert.equal(newest().url, "ws://hub.test/ws?channels=&ticket=ticket-2");
  assert.deepEqual(newest().commands("auth"), []);
});

test("a token that comes too late, for a client that was closed, opens nothing", async () => {
  let give;
  const { hub, sockets, settle } = scene({ getToken: () => new Promise((resolve) => (give = resolve)) });
  hub.subscribe("contracts");
  await settle();

  hub.close();
  give("t1");
  await settle();

  assert.equal(sockets.length, 0);
});

test("where somebody else comes in, what was shown is forgotten, and said", async () => {
  const { getToken } = tokens("t1");
  const { hub, clock, newest, settle } = scene({ getToken });
  const jobs = hub.subscribe("jobs", { snapshot: true });
  const told = heard(jobs);
  await settle();
  admit(newest(), clock).acknowledge(5).snapshot([{ job_id: "annas" }], { channel: "jobs" });
  newest().end();
  await clock.pass(1_000);

  admit(newest(), clock, { principal: "bert" });

  assert.equal(jobs.items.size, 0);
  assert.equal(told.of("gap")[0].reason, "principal_changed");
  assert.equal(newest().commands()[0].snapshot, true);
});

test("no token stands in any address, state or error", async () => {
  const { hub, clock, newest, states, settle } = scene({ getToken: () => "s3cret" });
  hub.subscribe("contracts");
  await settle();
  admit(newest(), clock);
  newest().end(4501, '{"code":"unauthenticated"}');

  const shown = [newest().url, JSON.stringify(states), String(hub.error), JSON.stringify(hub.error)].join();
  assert.ok(!shown.includes("s3cret"));
});

test("a token that does not come is said, waited for, and not asked for again: a person may be asked", async () => {
  let give;
  const asked = [];
  const getToken = ({ reason }) => (asked.push(reason), new Promise((resolve) => (give = resolve)));
  const { hub, clock, newest, words } = scene({ getToken });
  const told = heard(hub.subscribe("contracts"));
  await clock.pass(600_000);

  assert.deepEqual(words(), [["connecting", null, ""], ["connecting", 1006, "token_pending"]]);
  assert.deepEqual([told.states, asked], [["subscribing: token_pending"], ["connect"]]);
  give("t1");
  await clock.pass(0);
  admit(newest(), clock);

  assert.deepEqual(words().at(-1), ["connected", null, ""]);
});

test("a renewal that is never answered is over with the token, and asked for anew", async () => {
  const asked = [];
  const getToken = ({ reason }) => (asked.push(reason), reason === "renew" ? new Promise(() => {}) : "t");
  const { hub, clock, newest, settle } = scene({ getToken });
  const told = heard(hub.subscribe("contracts"));
  await settle();
  const socket = admit(newest(), clock, { lifetime: 20_000 }).acknowledge().event(1);
  await clock.pass(20_000);
  socket.end(4401, '{"code":"token_expired"}');
  await clock.pass(1_000);
  admit(newest(), clock).acknowledge(1, { recovered: true }).event(2);

  assert.deepEqual(asked, ["connect", "renew", "token_expired"]);
  assert.deepEqual(told.offsets, [1, 2]);
});

test("a getToken that throws at once is one that fails", async () => {
  const getToken = () => {
    throw new Error("the issuer is away");
  };
  const { hub, words, settle } = scene({ getToken });
  hub.subscribe("contracts");
  await settle();

  assert.deepEqual(words().at(-1), ["connecting", 1006, "token_unavailable"]);
});

test("tokens that have always run out already are asked for ever more seldom", async () => {
  const { getToken, asked } = tokens("old");
  const { hub, clock, newest, settle } = scene({ getToken, clock: { chance: 0.5 } });
  hub.subscribe("contracts");
  for (let second = 0; second < 600; second += 1) {
    await settle();
    if (newest()?.readyState === 0) newest().open({ welcome: false }).end(4401, '{"code":"token_expired"}');
    await clock.pass(1_000);
  }

  assert.ok(asked.length < 80, asked.length);
});

test("while a newer token is waited for the state goes on saying that the old one has run out", async () => {
  const getToken = ({ reason }) => (reason === "connect" ? "t1" : new Promise(() => {}));
  const { hub, clock, newest, settle, words } = scene({ getToken });
  hub.subscribe("contracts");
  await settle();
  admit(newest(), clock).acknowledge();
  newest().end(4401, '{"code":"token_expired"}');

  await clock.pass(600_000);

  assert.deepEqual(words().at(-1), ["connecting", 4401, "token_expired"]);
});
