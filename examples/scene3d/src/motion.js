/**
 * Buildings that grow, sink and change colour: the numbers that go to the graphics card.
 *
 * Two arrays for all buildings together, in the form that an InstancedMesh takes: written once a frame,
 * however many events have come.
 * @module
 */

import { WIDTH } from "./layout.js";
import { heightOf, lookOf } from "./looks.js";
import { standsAt } from "./world.js";

/** How much of the way is left after a second: e^-SPEED. */
const SPEED = 7;
/** How fast a flash fades, alike. */
const FADE = 2.5;
/** Metres and shares of a colour; what is nearer is there. */
const NEAR = 0.002;

/**
 * @typedef {object} Actor
 * @property {number[]} now x, z, height, red, green, blue.
 * @property {number[]} aim Where they go.
 * @property {number} flash 1 when it has just changed, 0 when that is over.
 * @property {string} status
 * @property {boolean} gone It sinks, and is left out when it is down.
 */

export class Motion {
  /** How many instances are to be drawn. */
  count = 0;
  matrices = new Float32Array(0);
  colours = new Float32Array(0);
  /** @type {Map<string, Actor>} */
  #actors = new Map();
  #version = -1;
  #moving = false;
  #reduced;

  /** @param {boolean} reduced Whether nothing shall move: everything is at once where it goes. */
  constructor(reduced) {
    this.#reduced = reduced;
  }

  /**
   * Go on by a frame.
   * @param {import("./world.js").World} world
   * @param {number} seconds Since the last one.
   * @returns {boolean} Whether the arrays are others than before.
   */
  step(world, seconds) {
    const changed = world.version !== this.#version;
    if (changed) this.#follow(world);
    if (!changed && !this.#moving) return false;
    const part = this.#reduced ? 1 : 1 - Math.exp(-SPEED * seconds);
    const faded = this.#reduced ? 0 : Math.exp(-FADE * seconds);
    this.#moving = false;
    for (const [id, actor] of this.#actors) {
      if (this.#move(actor, part, faded)) this.#moving = true;
      else if (actor.gone) this.#actors.delete(id);
    }
    this.#write();
    return true;
  }

  /** @param {import("./world.js").World} world */
  #follow(world) {
    this.#version = world.version;
    const { plots } = world;
    for (const actor of this.#actors.values()) actor.gone = true;
    for (const building of world.buildings) {
      const { x, z } = standsAt(building, plots);
      const height = heightOf(building.id, building.status);
      this.#aim(building, [x, z, height, ...lookOf(building.status).colour]);
    }
    for (const actor of this.#actors.values()) if (actor.gone) actor.aim[2] = 0;
  }

  /**
   * @param {import("./world.js").Building} building
   * @param {number[]} aim
   */
  #aim({ id, status }, aim) {
    const actor = this.#actors.get(id);
    if (!actor) {
      const now = [aim[0], aim[1], 0, aim[3], aim[4], aim[5]];
      this.#actors.set(id, { now, aim, flash: 0, status, gone: false });
      return;
    }
    if (actor.status !== status) actor.flash = 1;
    Object.assign(actor, { aim, status, gone: false });
  }

  /**
   * @param {Actor} actor
   * @param {number} part Of the way that is left.
   * @param {number} faded What is left of a flash.
   * @returns {boolean} Whether it is still on its way.
   */
  #move(actor, part, faded) {
    actor.flash *= faded;
    let far = actor.flash > NEAR;
    for (let at = 0; at < 6; at++) {
      const way = actor.aim[at] - actor.now[at];
      const there = Math.abs(way) * (1 - part) < NEAR;
      actor.now[at] = there ? actor.aim[at] : actor.now[at] + way * part;
      far ||= !there;
    }
    if (!far) actor.flash = 0;
    return far;
  }

  #write() {
    this.#grow(this.#actors.size);
    let at = 0;
    for (const { now, flash } of this.#actors.values()) {
      const [x, z, height, ...colour] = now;
      const matrix = [WIDTH, 0, 0, 0, 0, Math.max(height, NEAR), 0, 0, 0, 0, WIDTH, 0, x, 0, z, 1];
      this.matrices.set(matrix, 16 * at);
      this.colours.set(colour.map((one) => one + (1 - one) * 0.75 * flash), 3 * at);
      at++;
    }
    this.count = at;
  }

  /** @param {number} size */
  #grow(size) {
    if (16 * size <= this.matrices.length && this.matrices.length > 0) return;
    const room = Math.max(256, 2 ** Math.ceil(Math.log2(size)));
    this.matrices = new Float32Array(16 * room);
    this.colours = new Float32Array(3 * room);
  }
}
