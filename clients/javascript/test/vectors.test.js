/** The stories that every SDK must tell alike: tests/vectors/listening.json. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { reconnectDelay } from "../src/backoff.js";
import { closed } from "../src/closing.js";
import { Line } from "../src/line.js";
import { parse } from "../src/position.js";
import { Query } from "../src/query.js";
import { wants } from "../src/wants.js";
import { FakeClock } from "./support/clock.js";

const path = new URL("../../../tests/vectors/listening.json", import.meta.url);
const vectors = JSON.parse(readFileSync(path, "utf8"));
const WORDS = { subscribing: "connecting", subscribed: "connected", unsubscribed: "disconnected" };

/** Plays a story to a line with one query, and writes down what comes of each step. */
class Player {
  constructor({ on_gap: onGap = "raise", conflate, ...options }) {
    this.clock = new FakeClock();
    let ids = 0;
    const nextId = () => `c${++ids}`;
    this.line = new Line({ clock: this.clock, nextId });
    const rate = conflate && { key: conflate.key, maxHz: conflate.max_hz };
    this.query = new Query(wants("contracts", { ...options, onGap, conflate: rate }), nextId);
    this.line.connect();
    this.line.following.join(this.query);
    this.asked = "";
  }

  play(step) {
    if (step.open) return this.#open();
    if (step.hear) return this.#written(this.line.received(this.#addressed(step.hear)));
    if (step.lose) return this.#written(this.line.lost(closed(step.lose.code, step.lose.reason)));
    return this.#idle();
  }

  #open() {
    if (this.line.state.reason !== "") {
      this.clock.time += 60_000;
      this.line.look();
    }
    return this.#written(this.line.opened());
  }

  /** Silence is asked about first; then it is death. */
  #idle() {
    this.clock.time += 60_000;
    const asked = this.line.look();
    this.clock.time += 60_000;
    return this.#written([...asked, ...this.line.look()]);
  }

  #addressed(frame) {
    return frame.reply_to === "$" ? { ...frame, reply_to: this.asked } : frame;
  }

  #written(outputs) {
    const done = {};
    const note = (name, value) => (done[name] ??= []).push(value);
    for (const output of outputs) {
      if (output.do === "send") this.#sent(output.command, note);
      else if (output.do === "event") note("events", pick(output.event, "offset", "position"));
      else if (output.do === "snapshot") note("events", pick(output.snapshot, "items", "offset", "position"));
      else if (output.do === "gap") note("gaps", gap(output.gap));
      else if (output.do === "lag") note("lags", pick(output.lag, "behind", "mode"));
      else if (output.do === "subscription") done.state = said(output.state);
    }
    if (this.query.state.state === "unsubscribed") delete done.sends;
    return done;
  }

  #sent({ id, ...command }, note) {
    if (command.type === "subscribe") this.asked = id;
    if (command.type !== "ping") note("sends", command);
  }
}

const pick = (value, ...names) => Object.fromEntries(names.map((name) => [name, value[name]]));
const said = ({ state, code, reason }) => ({ state: WORDS[state], code, reason });
const gap = ({ fromOffset, toOffset, reason, position }) => ({
  from_offset: fromOffset,
  to_offset: toOffset,
  reason,
  position,
});

for (const story of vectors.listening) {
  test(story.name, () => {
    const player = new Player(story.options);
    for (const [number, step] of story.steps.entries()) {
      const { open, hear, lose, idle, ...expected } = step;
      const happened = JSON.stringify({ number, open, hear, lose, idle });
      assert.deepEqual(player.play(step), expected, happened);
    }
  });
}

test("a close means the same to all", () => {
  for (const { code, text, final, reason, retry_after_ms } of vectors.closes) {
    const loss = closed(code, text);
    assert.deepEqual([loss.final, loss.reason, loss.retryAfterMs], [final, reason, retry_after_ms], `${code} ${text}`);
  }
});

test("everybody waits alike", () => {
  for (const { attempt, jitter, asked_ms, delay_ms } of vectors.backoff) {
    const delay = reconnectDelay(attempt, jitter, asked_ms);
    assert.ok(Math.abs(delay - delay_ms) < 1e-6, `${attempt} ${jitter}: ${delay} is not ${delay_ms}`);
  }
});

test("a position is read alike", () => {
  for (const { text, channel, stand } of vectors.positions) {
    if (stand === false) assert.throws(() => parse(text, channel), TypeError, text);
    else assert.deepEqual(parse(text, channel), stand, text);
  }
});
