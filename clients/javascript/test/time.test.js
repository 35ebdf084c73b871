/** Silence, throttled tabs, sleeping machines and clocks that jump. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { heard, scene } from "./support/scene.js";

const MINUTE = 60_000;

/** Speak as a live hub does, for some minutes, to a tab whose timers fire once a minute. */
async function live(clock, newest, minutes) {
  const socket = newest();
  for (let second = 0; second < minutes * 60; second += 25) {
    await clock.pass(25_000, { every: MINUTE });
    if (!socket.closed) socket.hear({ type: "heartbeat", epoch: "e", positions: {} });
  }
}

afterEach(() => {
  delete globalThis.document;
});

test("a silent hub is asked, and left when it does not answer", async () => {
  const { hub, clock, newest, words } = scene();
  hub.subscribe("contracts");
  const socket = newest().open().acknowledge();

  await clock.pass(34_999);
  assert.equal(socket.commands("ping").length, 0);
  await clock.pass(1);
  assert.equal(socket.commands("ping").length, 1);
  await clock.pass(4_999);
  assert.equal(socket.closed, false);
  await clock.pass(1);

  assert.equal(socket.closed, true);
  assert.deepEqual(words().at(-1), ["connecting", 1006, "heartbeat_timeout"]);
});

test("a hub that answers the ping is not left", async () => {
  const { hub, clock, newest } = scene();
  hub.subscribe("contracts");
  const socket = newest().open().acknowledge();

  await clock.pass(35_000);
  socket.hear({ type: "pong", reply_to: socket.commands("ping")[0].id, server_time: "" });
  await clock.pass(34_999);

  assert.equal(socket.closed, false);
});

test("the hub says how often it speaks", async () => {
  const { hub, clock, newest } = scene();
  hub.subscribe("contracts");
  const socket = newest().open({ heartbeat_s: 5 }).acknowledge();

  await clock.pass(15_000);

  assert.equal(socket.commands("ping").length, 1);
});

test("a throttled tab cuts no live connection, for hours", async () => {
  const { hub, clock, sockets, newest } = scene();
  hub.subscribe("contracts");
  newest().open().acknowledge();

  await live(clock, newest, 180);

  assert.equal(sockets.length, 1);
  assert.equal(newest().closed, false);
});

test("a throttled tab leaves a dead connection within three ticks, and loses nothing", async () => {
  const { hub, clock, sockets, newest } = scene();
  const told = heard(hub.subscribe("contracts"));
  newest().open().acknowledge().event(1);
  await live(clock, newest, 5);

  await clock.pass(3 * MINUTE, { every: MINUTE });

  assert.equal(sockets[0].closed, true);
  assert.ok(sockets.length > 1);
  newest().open().acknowledge(1, { recovered: true }).event(2);
  assert.deepEqual(told.offsets, [1, 2]);
});

test("a machine that has slept looks before it believes in death", async () => {
  const { hub, clock, newest } = scene();
  hub.subscribe("contracts");
  const socket = newest().open().acknowledge();

  clock.time += 8 * 60 * MINUTE;
  await clock.pass(0);
  assert.equal(socket.commands("ping").length, 1);
  socket.hear({ type: "heartbeat", epoch: "e", positions: {} });
  await clock.pass(10_000);

  assert.equal(socket.closed, false);
});

test("a clock that is set back keeps nobody waiting", async () => {
  const { hub, clock, sockets, newest } = scene();
  hub.subscribe("contracts");
  newest().open().acknowledge();
  newest().end();

  clock.time -= 3_600_000;
  hub.connect();
  await clock.pass(15_000);
  // Timers do not know of it: the fake ones stand an hour ahead, so the shell's next look is forced.
  for (const [id, timer] of clock.timers) clock.timers.set(id, { ...timer, at: clock.time });
  await clock.pass(0);

  assert.equal(sockets.length, 2);
});

test("a connection that is not welcomed in time is tried anew", async () => {
  const { hub, clock, words, newest } = scene();
  hub.subscribe("contracts");
  newest().open({ welcome: false });

  await clock.pass(10_000);

  assert.deepEqual(words().at(-1), ["connecting", 1006, "timeout"]);
});

for (const [event, target] of [
  ["online", "window"],
  ["pageshow", "window"],
  ["visibilitychange", "document"],
  ["resume", "document"],
]) {
  test(`${event} looks at once: a waiting client comes back, a connected one asks`, async () => {
    const page = pretendPage();
    const { hub, clock, sockets, newest } = scene();
    hub.subscribe("contracts");
    newest().open().acknowledge();
    page.tell(target, event);
    assert.equal(newest().commands("ping").length, 1);
    page.tell(target, event);
    assert.equal(newest().commands("ping").length, 1);
    newest().end();

    page.tell(target, event);

    assert.equal(sockets.length, 2);
    hub.close();
    assert.equal(page.listeners(), 0);
    void clock;
    page.leave();
  });
}

test("a page that is looked at comes no earlier than the hub has asked", () => {
  const page = pretendPage();
  const { hub, sockets, newest } = scene();
  hub.subscribe("contracts");
  newest().open().acknowledge();
  newest().end(4429, '{"code":"rate_limited","retry_after_ms":5000}');

  page.tell("document", "visibilitychange");

  assert.equal(sockets.length, 1);
  page.leave();
});

test("a page that is hidden does nothing", () => {
  const page = pretendPage();
  const { hub, newest } = scene();
  hub.subscribe("contracts");
  newest().open().acknowledge();

  page.document.visibilityState = "hidden";
  page.tell("document", "visibilitychange");

  assert.equal(newest().commands("ping").length, 0);
  page.leave();
});

/** A window and a document, as far as a client looks at them. */
function pretendPage() {
  const window = new Set();
  const document = new EventTarget();
  let count = 0;
  const target = new EventTarget();
  const { addEventListener: add, removeEventListener: remove } = document;
  document.visibilityState = "visible";
  document.addEventListener = (...given) => ((count += 1), add.apply(document, given));
  document.removeEventListener = (...given) => ((count -= 1), remove.apply(document, given));
  globalThis.document = document;
  globalThis.addEventListener = (...given) => ((count += 1), target.addEventListener(...given));
  globalThis.removeEventListener = (...given) => ((count -= 1), target.removeEventListener(...given));
  void window;
  return {
    document,
    tell: (where, type) => (where === "document" ? document : target).dispatchEvent(new Event(type)),
    listeners: () => count,
    leave() {
      delete globalThis.document;
      delete globalThis.addEventListener;
      delete globalThis.removeEventListener;
    },
  };
}

test("a clock that is set back does not make silence last", async () => {
  const { hub, clock, newest } = scene();
  hub.subscribe("contracts");
  const socket = newest().open().acknowledge();
  const late = 3_600_000;
  clock.time -= late;
  for (const [id, timer] of clock.timers) clock.timers.set(id, { ...timer, at: timer.at - late });

  await clock.pass(50_000);

  assert.equal(socket.commands("ping").length, 1);
});
