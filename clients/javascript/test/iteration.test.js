/** Iterating: what waits, how much of it, and how it ends. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { HistoryGap, SlowConsumer } from "../src/index.js";
import { HIGH_WATER } from "../src/reading.js";
import { heard, scene } from "./support/scene.js";

function live(options = { history: 0 }) {
  const played = scene();
  const subscription = played.hub.subscribe("contracts", options);
  const reading = subscription[Symbol.asyncIterator]();
  played.newest().open().acknowledge();
  return { ...played, subscription, reading };
}

test("snapshots and events come in order, and the position is that of what was read", async () => {
  const { newest, reading, subscription } = live({ snapshot: true });
  newest().snapshot([{ contract_id: "a" }]).event(1).event(2);

  const first = await reading.next();
  assert.equal(first.value.type, "snapshot");
  assert.equal(subscription.position, "e:0");
  assert.equal((await reading.next()).value.offset, 1);
  assert.deepEqual([subscription.position, subscription.lag], ["e:1", 1]);
  assert.equal((await reading.next()).value.offset, 2);
  assert.deepEqual([subscription.position, subscription.lag], ["e:2", 0]);
});

test("who waits gets the next one, however many wait", async () => {
  const { newest, reading } = live();
  const waiting = [reading.next(), reading.next()];

  newest().event(1).event(2);

  assert.deepEqual((await Promise.all(waiting)).map(({ value }) => value.offset), [1, 2]);
});

test("a reader who is slow makes the hub wait, and loses nothing", async () => {
  const { newest, reading, subscription } = live();
  for (let offset = 1; offset <= HIGH_WATER; offset += 1) newest().event(offset);
  assert.equal(newest().commands("unsubscribe").length, 1);
  newest().event(HIGH_WATER + 1);

  for (let offset = 1; offset <= HIGH_WATER / 2; offset += 1) {
    assert.equal((await reading.next()).value.offset, offset);
  }

  assert.deepEqual(newest().commands().at(-1).since, { epoch: "e", offset: HIGH_WATER });
  assert.equal(subscription.position, `e:${HIGH_WATER / 2}`);
  newest().acknowledge(HIGH_WATER, { recovered: true }).event(HIGH_WATER + 1);
  for (let offset = HIGH_WATER / 2 + 1; offset <= HIGH_WATER + 1; offset += 1) {
    assert.equal((await reading.next()).value.offset, offset);
  }
});

test("a reader who is slow stays so over a break", async () => {
  const { clock, newest, reading } = live();
  for (let offset = 1; offset <= HIGH_WATER; offset += 1) newest().event(offset);
  newest().end();
  await clock.pass(1_000);
  newest().open();
  assert.deepEqual(newest().commands(), []);

  for (let offset = 1; offset <= HIGH_WATER / 2; offset += 1) await reading.next();

  assert.deepEqual(newest().commands()[0].since, { epoch: "e", offset: HIGH_WATER });
});

test("who shares a subscription is not made to wait, and is told when it is too much", async () => {
  const { hub, newest } = scene();
  const slow = hub.subscribe("contracts")[Symbol.asyncIterator]();
  const quick = heard(hub.subscribe("contracts"));
  newest().open().acknowledge();
  for (let offset = 1; offset <= 10_001; offset += 1) newest().event(offset);
  assert.deepEqual(newest().commands("unsubscribe"), []);
  for (let offset = 1; offset <= 10_001; offset += 1) await slow.next();

  await assert.rejects(slow.next(), (error) => error instanceof SlowConsumer && error.position === "e:10001");
  newest().event(10_002);
  assert.equal(quick.offsets.at(-1), 10_002);
});

test("an end that is an error is thrown, once, behind what has come", async () => {
  const { newest, reading } = live();
  newest().event(1);
  newest().hear({ type: "gap", channel: "contracts", epoch: "e", from: 2, to: 9, reason: "expired" });

  assert.equal((await reading.next()).value.offset, 1);
  await assert.rejects(reading.next(), (error) => error instanceof HistoryGap && error.position === "e:9");
  assert.deepEqual(await reading.next(), { done: true, value: undefined });
});

test("an error reaches a reader who waits for it", async () => {
  const { newest, reading } = live();
  const waiting = reading.next();

  newest().end(4508);

  await assert.rejects(waiting, { code: "connection_limit" });
});

test("close ends a loop that waits, and a loop that is left closes", async () => {
  const { hub, clock, newest, subscription, reading } = live();
  const waiting = reading.next();
  subscription.close();
  assert.deepEqual(await waiting, { done: true, value: undefined });

  const other = hub.subscribe("jobs");
  newest().acknowledge();
  const leaving = (async () => {
    for await (const event of other) if (event.offset === 1) break;
  })();
  newest().event(1, { channel: "jobs" });
  await leaving;
  await clock.pass(1_000);

  assert.equal(other.closed, true);
  assert.equal(newest().commands("unsubscribe").at(-1).channel, "jobs");
});

test("a subscription that is over has nothing to iterate over, and one has one iteration", async () => {
  const { subscription, hub } = live();
  assert.throws(() => subscription[Symbol.asyncIterator](), /one iteration/);
  const closed = hub.subscribe("jobs");
  closed.close();

  assert.deepEqual(await closed[Symbol.asyncIterator]().next(), { done: true, value: undefined });
});
