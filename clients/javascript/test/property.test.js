/**
 * The promise, against any hub that misbehaves within the protocol.
 *
 * A hub publishes, delivers, repeats, loses, forgets, starts over and cuts the line in any order.
 * Whatever it does, events come out strictly in order and without a hole, or the gap is said.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { broken } from "../src/closing.js";
import { Line } from "../src/line.js";
import { Query } from "../src/query.js";
import { wants } from "../src/wants.js";
import { FakeClock } from "./support/clock.js";

const ACTIONS = ["publish", "publish", "deliver", "deliver", "repeat", "lose", "forget", "gap", "cut", "startOver", "obey", "obey"];
const WORLDS = 1_500;
const STEPS = 60;

/** A small generator of numbers that a seed decides. */
function chance(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class World {
  epoch = 1;
  head = 0;
  oldest = 1;
  /** Where the open connection stands; null: it follows nothing. */
  cursor = null;
  commands = [];
  /** What the reader has seen, as a position; null before the first. */
  seen = null;

  constructor() {
    let ids = 0;
    const nextId = () => `c${++ids}`;
    this.clock = new FakeClock();
    this.line = new Line({ clock: this.clock, nextId });
    this.query = new Query(wants("contracts", { onGap: "skip", key: "n" }), nextId);
    this.line.connect();
    this.line.following.join(this.query);
    this.take(this.line.opened());
  }

  take(outputs) {
    for (const output of outputs) {
      if (output.do === "send") this.commands.push(output.command);
      else if (output.do === "event") this.check(output.event);
      else if (output.do === "gap") this.seen = [output.gap.position.split(":")[0], output.gap.toOffset];
      else if (output.do === "hang-up") [this.commands, this.cursor] = [[], null];
      else if (output.do === "fail") assert.fail(String(output.error));
    }
  }

  /** Hold an event against the promise. */
  check({ offset, position }) {
    const [epoch, at] = position.split(":");
    assert.equal(Number(at), offset);
    if (this.seen) assert.deepEqual([epoch, offset], [this.seen[0], this.seen[1] + 1]);
    this.seen = [epoch, offset];
    assert.equal(this.query.items.get(offset % 5).n, offset % 5);
  }

  hear(frame) {
    this.take(this.line.received(frame));
  }

  event(offset) {
    return { type: "x", channel: "contracts", offset, id: "i", data: { n: offset % 5 } };
  }

  obey() {
    const command = this.commands.shift();
    if (command?.type === "unsubscribe") this.cursor = null;
    if (command?.type !== "subscribe") return;
    const { since } = command;
    const fits = since?.epoch === `e${this.epoch}` && since.offset >= this.oldest - 1 && since.offset <= this.head;
    const recovered = since === undefined ? false : fits;
    const offset = recovered ? since.offset : this.head;
    const reason = since && !recovered ? "expired" : null;
    this.cursor = offset;
    const where = { epoch: `e${this.epoch}`, offset, head: this.head, recovered, reason };
    this.hear({ type: "subscribed", reply_to: command.id, channel: "contracts", ...where });
    if (this.seen === null) this.seen = [`e${this.epoch}`, offset];
  }

  publish() {
    this.head += 1;
  }

  deliver() {
    if (this.cursor === null || this.cursor >= this.head) return;
    this.cursor += 1;
    this.hear(this.event(this.cursor));
  }

  repeat() {
    if (this.cursor) this.hear(this.event(this.cursor));
  }

  lose() {
    if (this.cursor !== null && this.cursor < this.head) this.cursor += 1;
  }

  forget() {
    this.oldest = this.head + 1;
  }

  gap() {
    const { cursor: from, head: to } = this;
    if (from === null || from >= to) return;
    this.cursor = to;
    this.hear({ type: "gap", channel: "contracts", epoch: `e${this.epoch}`, from: from + 1, to, reason: "expired" });
  }

  cut() {
    this.take(this.line.lost(broken("network_error")));
    this.clock.time += 60_000;
    this.take(this.line.look());
    this.take(this.line.opened());
  }

  startOver() {
    this.epoch += 1;
    this.head = 0;
    this.oldest = 1;
    this.cut();
  }

  /** Let the hub do what is asked of it; one more event shows a hole at the end. */
  settle() {
    for (let turn = 0; turn < 3; turn += 1) {
      while (this.commands.length > 0) this.obey();
      this.publish();
      while (this.cursor < this.head) this.deliver();
    }
  }
}

test("no interleaving makes a duplicate, a disorder or a silent hole, nor leaves it stuck", () => {
  for (let seed = 1; seed <= WORLDS; seed += 1) {
    const random = chance(seed);
    const world = new World();
    const steps = [];
    for (let step = 0; step < STEPS; step += 1) {
      steps.push(ACTIONS[Math.floor(random() * ACTIONS.length)]);
    }
    try {
      for (const action of steps) world[action]();
      world.settle();
      assert.deepEqual(world.seen, [`e${world.epoch}`, world.head]);
    } catch (error) {
      error.message = `seed ${seed}, ${steps.join(" ")}: ${error.message}`;
      throw error;
    }
  }
});
