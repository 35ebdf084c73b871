import assert from "node:assert/strict";
import { test } from "node:test";

import { World } from "../src/world.js";

const contract = (id, status = "active") => ({ contract_id: id, status });
const update = (id, status, offset, more = {}) => ({
  type: "contract_update",
  data: contract(id, status),
  position: `e:${offset}`,
  test: false,
  ...more,
});
const ids = (world, city) =>
  [...world.buildings].filter((one) => one.city === city).map((one) => `${one.id} ${one.status} ${one.slot}`);

function world(...cities) {
  const made = new World();
  for (const city of cities) made.show(city);
  return made;
}

test("a snapshot is what a city has, in the order of ids", () => {
  const made = world("Mumbai");

  made.reset("Mumbai", [contract("b", "inactive"), contract("a")], "e:2");

  assert.deepEqual(ids(made, "Mumbai"), ["a active 0", "b inactive 1"]);
  assert.deepEqual(made.count("Mumbai"), { total: 2, active: 1 });
});

test("an update changes one building, which keeps its place, and no other", () => {
  const made = world("Mumbai");
  made.reset("Mumbai", [contract("a"), contract("b")], "e:2");

  made.apply("Mumbai", update("a", "inactive", 3));

  assert.deepEqual(ids(made, "Mumbai"), ["a inactive 0", "b active 1"]);
});

test("a new snapshot takes away what is gone, and what stays keeps its place", () => {
  const made = world("Mumbai");
  made.reset("Mumbai", [contract("a"), contract("b")], "e:2");

  made.reset("Mumbai", [contract("b"), contract("c")], "e:9");

  assert.deepEqual(ids(made, "Mumbai").sort(), ["b active 1", "c active 0"]);
});

for (const [name, more] of [
  ["a test", { test: true, position: null }],
  ["an update that came too late to be the newest", { type: "contract_stale" }],
  ["a type that a later hub may send", { type: "contract_moved" }],
]) {
  test(`${name} changes nothing`, () => {
    const made = world("Mumbai");
    made.reset("Mumbai", [contract("a")], "e:2");
    const { version } = made;

    made.apply("Mumbai", update("a", "inactive", 3, more));

    assert.deepEqual(ids(made, "Mumbai"), ["a active 0"]);
    assert.equal(made.version, version);
  });
}

test("a contract that moves leaves the city where it was", () => {
  const made = world("Mumbai", "Chennai");
  made.reset("Mumbai", [contract("a"), contract("b")], "e:2");

  made.apply("Chennai", update("a", "active", 3));

  assert.deepEqual(ids(made, "Mumbai"), ["b active 1"]);
  assert.deepEqual(ids(made, "Chennai"), ["a active 0"]);
  assert.equal(made.size, 2);
});

test("of two cities' news the one that is later in the log holds, whichever comes first", () => {
  const made = world("Mumbai", "Chennai");
  made.apply("Chennai", update("a", "active", 5));

  made.apply("Mumbai", update("a", "inactive", 4));
  made.reset("Mumbai", [contract("a")], "e:3");

  assert.deepEqual(ids(made, "Chennai"), ["a active 0"]);
  assert.deepEqual(ids(made, "Mumbai"), []);
});

test("the snapshot of another log holds, however small its offsets", () => {
  const made = world("Mumbai");
  made.reset("Mumbai", [contract("a"), contract("b")], "old:900");

  made.reset("Mumbai", [contract("a", "inactive")], "new:1");

  assert.deepEqual(ids(made, "Mumbai"), ["a inactive 0"]);
});

test("a city that is hidden takes its buildings along, and the others stay", () => {
  const made = world("Mumbai", "Chennai");
  made.reset("Mumbai", [contract("a")], "e:1");
  made.reset("Chennai", [contract("b")], "e:2");

  made.hide("Mumbai");
  made.apply("Mumbai", update("a", "active", 3));
  made.reset("Mumbai", [contract("a")], "e:4");

  assert.deepEqual([...made.buildings].map(({ id }) => id), ["b"]);
  assert.equal(made.shows("Mumbai"), false);
});

test("a place that is free again is taken by the next", () => {
  const made = world("Mumbai", "Chennai");
  made.reset("Mumbai", [contract("a"), contract("b"), contract("c")], "e:3");
  made.apply("Chennai", update("b", "active", 4));

  made.apply("Mumbai", update("d", "active", 5));

  assert.deepEqual(ids(made, "Mumbai").sort(), ["a active 0", "c active 2", "d active 1"]);
});

test("no two plots touch, however the cities grow", () => {
  for (const size of [0, 1, 12, 600]) {
    const made = world("Chennai", "Mumbai", "Bengaluru", "Hyderabad");
    for (const { city } of made.plots) {
      made.reset(city, Array.from({ length: size }, (_, at) => contract(`${city}-${at}`)), "e:1");
    }
    const { plots } = made;
    for (const one of plots) {
      for (const other of plots.filter((plot) => plot !== one)) {
        const apart = Math.max(Math.abs(one.x - other.x), Math.abs(one.z - other.z));
        assert.ok(apart > one.half + other.half, `${one.city} and ${other.city} at ${size}`);
      }
    }
  }
});
