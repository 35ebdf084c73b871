import assert from "node:assert/strict";
import { test } from "node:test";

import { spot, halfOf, PITCH } from "../src/layout.js";
import { cssOf, heightOf, lookOf } from "../src/looks.js";
import { Motion } from "../src/motion.js";
import { Orbit } from "../src/orbit.js";
import { World } from "../src/world.js";

function scene(...statuses) {
  const world = new World();
  world.show("Mumbai");
  world.reset("Mumbai", statuses.map((status, at) => ({ contract_id: `c-${at}`, status })), "e:1");
  return world;
}
const heights = ({ matrices, count }) => Array.from({ length: count }, (_, at) => matrices[16 * at + 5]);
const near = (one, other) => Math.abs(one - other) < 0.01;

test("every slot has a place of its own, inside the plot, ring after ring", () => {
  const seen = new Set();
  for (let slot = 0; slot < 500; slot++) {
    const { x, z } = spot(slot);
    seen.add(`${x} ${z}`);
    assert.ok(Math.max(Math.abs(x), Math.abs(z)) < halfOf(slot + 1));
  }
  assert.equal(seen.size, 500);
  assert.deepEqual(spot(0), { x: 0, z: 0 });
  assert.equal(Math.hypot(spot(1).x, spot(1).z) <= Math.SQRT2 * PITCH, true);
});

test("an active building is higher than any other, whatever the ids", () => {
  const ids = Array.from({ length: 200 }, (_, at) => `c-${at}`);
  const least = Math.min(...ids.map((id) => heightOf(id, "active")));
  const most = Math.max(...ids.map((id) => heightOf(id, "inactive")));

  assert.ok(least > 2 * most);
});

test("colours are those of the Omniverse example", () => {
  assert.deepEqual(lookOf("active").colour, [0.0, 0.34, 0.17]);
  assert.deepEqual(lookOf("inactive").colour, [0.66, 0.12, 0.0]);
  assert.deepEqual(lookOf("suspended").colour, [0.6, 0.4, 0.0]);
  assert.equal(cssOf("active"), "rgb(0 158 115)");
});

test("buildings rise to their height, and then nothing is written any more", () => {
  const [world, motion] = [scene("active", "inactive"), new Motion(false)];

  assert.equal(motion.step(world, 0.016), true);
  const first = heights(motion);
  for (let frame = 0; frame < 300; frame++) motion.step(world, 0.016);

  assert.ok(first[0] < 1);
  assert.ok(near(heights(motion)[0], heightOf("c-0", "active")));
  assert.ok(near(heights(motion)[1], heightOf("c-1", "inactive")));
  assert.equal(motion.step(world, 0.016), false);
});

test("many events between two frames are one write", () => {
  const [world, motion] = [scene("active"), new Motion(true)];
  motion.step(world, 0.016);
  for (let offset = 2; offset < 50; offset++) {
    const data = { contract_id: "c-0", status: offset % 2 ? "active" : "inactive" };
    world.apply("Mumbai", { type: "contract_update", data, position: `e:${offset}`, test: false });
  }

  assert.equal(motion.step(world, 0.016), true);
  assert.equal(motion.step(world, 0.016), false);
  assert.ok(near(heights(motion)[0], heightOf("c-0", "active")));
});

test("a building that is gone sinks, and is left out when it is down", () => {
  const [world, motion] = [scene("active"), new Motion(false)];
  for (let frame = 0; frame < 300; frame++) motion.step(world, 0.016);

  world.hide("Mumbai");
  motion.step(world, 0.016);
  const sinking = [motion.count, heights(motion)[0] < heightOf("c-0", "active")];
  for (let frame = 0; frame < 300; frame++) motion.step(world, 0.016);

  assert.deepEqual(sinking, [1, true]);
  assert.equal(motion.count, 0);
});

test("where motion is not wanted everything is at once where it goes, and nothing circles", () => {
  const [world, motion, orbit] = [scene("active"), new Motion(true), new Orbit(true)];
  orbit.step(0);
  const { azimuth } = orbit;

  motion.step(world, 0.016);
  const moved = orbit.step(10);

  assert.ok(near(heights(motion)[0], heightOf("c-0", "active")));
  assert.equal(motion.step(world, 0.016), false);
  assert.deepEqual([moved, orbit.azimuth], [false, azimuth]);
});

test("a change flashes: brighter than its colour, which then comes", () => {
  const [world, motion] = [scene("active"), new Motion(false)];
  for (let frame = 0; frame < 300; frame++) motion.step(world, 0.016);
  const data = { contract_id: "c-0", status: "inactive" };
  world.apply("Mumbai", { type: "contract_update", data, position: "e:2", test: false });

  motion.step(world, 0.016);
  const flashed = motion.colours[2];
  for (let frame = 0; frame < 300; frame++) motion.step(world, 0.016);

  assert.ok(flashed > 0.5);
  assert.ok(near(motion.colours[0], 0.66) && near(motion.colours[2], 0));
});

test("more buildings than there is room for get more room", () => {
  const [world, motion] = [scene(...Array(3000).fill("active")), new Motion(true)];

  motion.step(world, 0.016);

  assert.equal(motion.count, 3000);
  assert.ok(motion.matrices.length >= 48_000 && motion.colours.length >= 9_000);
});

test("the camera circles, rests when it was taken, and circles on", () => {
  const orbit = new Orbit(false);
  orbit.step(1);
  const circled = orbit.azimuth;

  orbit.drag(0.1, 0);
  const taken = orbit.azimuth;
  orbit.step(1);
  const rested = orbit.azimuth;
  for (let second = 0; second < 9; second++) orbit.step(1);

  assert.ok(circled > 0.5);
  assert.equal(rested, taken);
  assert.ok(orbit.azimuth > taken);
});

test("the camera never goes below the ground, nor over the top", () => {
  const orbit = new Orbit(true);

  orbit.drag(0, 9);
  const high = orbit.place(10, 1).y;
  orbit.drag(0, -9);

  assert.ok(high > 0 && orbit.elevation > 0 && orbit.place(10, 1).y > 0);
});

test("keys turn and zoom, Home goes back, and others are not its own", () => {
  const orbit = new Orbit(true);

  const own = ["ArrowLeft", "ArrowUp", "+", "-", "+"].map((key) => orbit.press(key));
  const zoomed = orbit.zoom;
  orbit.press("Home");

  assert.deepEqual(own, Array(5).fill(true));
  assert.ok(zoomed < 1);
  assert.equal(orbit.zoom, 1);
  assert.equal(orbit.press("q"), false);
});
