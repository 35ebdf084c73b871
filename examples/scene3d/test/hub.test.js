import assert from "node:assert/strict";
import { test } from "node:test";

import { hubOf, tokenName } from "../src/address.js";
import { Feeds } from "../src/feeds.js";
import { hintFor } from "../src/hint.js";
import { Delay, Detail, Rate } from "../src/meter.js";
import { World } from "../src/world.js";

class FakeHub {
  opened = [];

  subscribe(channel, options) {
    const made = new EventTarget();
    Object.assign(made, { channel, options, closed: false, lag: null, error: null });
    made.state = { state: "subscribing" };
    made.close = () => (made.closed = true);
    made.tell = (type, detail) => made.dispatchEvent(Object.assign(new Event(type), { detail }));
    this.opened.push(made);
    return made;
  }
}

function begun() {
  const [hub, world] = [new FakeHub(), new World()];
  return { hub, world, feeds: new Feeds(hub, world, () => {}) };
}

test("a city that is shown is a subscription of its own, thinned, from a snapshot on", () => {
  const { hub, feeds } = begun();

  feeds.show("Mumbai");
  feeds.show("Mumbai");

  assert.equal(hub.opened.length, 1);
  assert.deepEqual(hub.opened[0].options, {
    snapshot: true,
    where: { location: ["Mumbai"], type: "contract_update" },
    conflate: { key: "contract_id", maxHz: 20 },
  });
});

test("hiding a city closes its subscription and touches no other", () => {
  const { hub, world, feeds } = begun();
  for (const city of ["Mumbai", "Chennai"]) feeds.toggle(city);
  hub.opened.forEach((one, at) => one.tell("snapshot", { items: [{ contract_id: at, status: "active" }], position: "e:1" }));

  feeds.toggle("Mumbai");

  assert.deepEqual(hub.opened.map(({ closed }) => closed), [true, false]);
  assert.deepEqual([...world.buildings].map(({ city }) => city), ["Chennai"]);
});

test("a city that is shown again begins with a snapshot", () => {
  const { hub, world, feeds } = begun();
  for (let times = 0; times < 3; times++) feeds.toggle("Mumbai");

  hub.opened[1].tell("snapshot", { items: [{ contract_id: "a", status: "inactive" }], position: "e:7" });

  assert.equal(hub.opened.length, 2);
  assert.equal(world.count("Mumbai").total, 1);
});

test("events go to their city, and who else has come in sees nothing of before", () => {
  const { hub, world, feeds } = begun();
  feeds.show("Mumbai");
  const data = { contract_id: "a", status: "active" };
  hub.opened[0].tell("event", { type: "contract_update", data, position: "e:3", test: false });
  const before = world.size;

  hub.opened[0].tell("gap", { reason: "principal_changed", position: "e:3" });

  assert.deepEqual([before, world.size], [1, 0]);
});

test("the lag is that of the city that is farthest behind", () => {
  const { hub, feeds } = begun();
  for (const city of ["Mumbai", "Chennai", "Hyderabad"]) feeds.show(city);
  const none = feeds.lag;

  Object.assign(hub.opened[0], { lag: 3 });
  Object.assign(hub.opened[1], { lag: 8 });

  assert.deepEqual([none, feeds.lag], [null, 8]);
});

const SAID = { state: "connected", code: null, reason: "", message: "" };
const NOW = { state: SAID, error: null, shown: 4, ready: true, buildings: 9, hub: "http://h", origin: "http://o" };
for (const [name, more, title, command] of [
  ["buildings speak for themselves", {}, undefined, undefined],
  ["no contract", { buildings: 0 }, /no contracts yet/, /curl http:\/\/h\/update/],
  ["no city", { shown: 0, buildings: 0 }, /hidden/, undefined],
  ["not yet a snapshot", { ready: false, buildings: 0 }, undefined, undefined],
  ["not yet connected", { state: { ...SAID, state: "connecting" }, buildings: 0 }, undefined, undefined],
  ["nobody there", { state: { ...SAID, state: "connecting", reason: "network_error" }, buildings: 0 }, /no hub/, /make demo/],
  ["cut for a while", { state: { ...SAID, state: "connecting", reason: "network_error" } }, undefined, undefined],
  ["a foreign page", { state: { ...SAID, state: "disconnected", code: 4503, reason: "foreign_origin" } }, /this page/, /CORS_ORIGINS=http:\/\/o make demo/],
  ["no token", { state: { ...SAID, state: "disconnected", code: 4501, reason: "unauthenticated" } }, /who you are/, undefined],
  ["a subscription that ended", { error: { message: "too many" } }, /refused/, undefined],
]) {
  test(`what is said with: ${name}`, () => {
    const hint = hintFor({ ...NOW, ...more });

    assert.equal(hint === null, title === undefined);
    if (title) assert.match(hint.title, title);
    if (command) assert.match(hint.command, command);
  });
}

test("the hub is that of the address, then that of the build, then port 8000 of the page's host", () => {
  assert.equal(hubOf("http://p:4173/?hub=http://a", "http://b"), "http://a");
  assert.equal(hubOf("http://p:4173/", "http://b"), "http://b");
  assert.equal(hubOf("http://p:4173/", undefined), "http://p:8000");
});

test("a token is for one hub: a link to another one does not get it", () => {
  assert.notEqual(tokenName("http://a"), tokenName("http://evil"));
});

test("a rate counts the last second", () => {
  const rate = new Rate();
  for (const now of [0, 500, 900, 1400]) rate.note(now);

  assert.equal(rate.at(1450), 3);
  assert.equal(rate.at(3000), 0);
});

test("a delay is of the oldest that a frame shows, and never below nothing", () => {
  const delay = new Delay();
  const at = (ms) => new Date(ms).toISOString();
  delay.heard(at(1000));
  delay.heard(at(1030));
  delay.shown(1050);
  const first = delay.ms;

  delay.heard(at(2000));
  delay.shown(1900);

  assert.deepEqual([first, delay.ms], [50, 0]);
});

test("a machine that does not keep up draws coarser, and not below a half", () => {
  const detail = new Detail();
  for (let frame = 0; frame < 200; frame++) detail.step(0.1);
  const fast = new Detail();
  for (let frame = 0; frame < 200; frame++) fast.step(frame % 3 ? 0.016 : 0.1);

  assert.equal(detail.share, 0.5);
  assert.equal(fast.share, 1);
});
