/** The hooks, in StrictMode, which mounts everything twice. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { root } from "./support/page.js";
import { StrictMode, act, createElement as h, useState } from "react";
import { createRoot } from "react-dom/client";

import { HubProvider, useChannel, useHub, useHubEvents, useHubState } from "../src/react.js";
import { scene } from "./support/scene.js";

let page;
let played;

beforeEach(() => {
  played = scene();
  page = createRoot(root());
});

afterEach(async () => {
  await act(async () => page.unmount());
  played.hub.close();
});

/** Draw components in StrictMode, below a provider. */
async function draw(...components) {
  await act(async () => {
    page.render(h(StrictMode, null, h(HubProvider, { client: played.hub }, ...components.map((one) => h(one, { key: one.name })))));
  });
}

const hear = (happens) => act(async () => happens(played.newest()));
const text = () => root().textContent;

function Contracts() {
  // Options written in place: new objects at each render, and still the same subscription.
  const { items, status, position } = useChannel("contracts", { snapshot: true, where: { location: ["Mumbai"] } });
  const shown = [...items.values()].map((one) => `${one.contract_id}=${one.status}`).join(" ");
  return h("p", null, `${status} ${position} ${shown};`);
}

function Badge() {
  const { state, reason } = useHubState();
  return h("b", null, `${state} ${reason};`);
}

test("a component that is mounted twice subscribes once, and shows what comes", async () => {
  await draw(Contracts, Badge);
  assert.equal(text(), "subscribing null ;connecting ;");

  await hear((socket) => socket.open().acknowledge(1).snapshot([{ contract_id: "a", status: "active" }]));
  assert.equal(text(), "subscribed e:1 a=active;connected ;");
  await hear((socket) => socket.event(2, { data: { contract_id: "b", status: "inactive" } }));

  assert.equal(text(), "subscribed e:2 a=active b=inactive;connected ;");
  assert.equal(played.sockets.length, 1);
  assert.equal(played.newest().commands().length, 1);
});

test("two components that ask for the same share a subscription", async () => {
  function Count() {
    const { items } = useChannel("contracts", { where: { location: ["Mumbai"] }, snapshot: true });
    return h("i", null, `${items.size};`);
  }
  await draw(Contracts, Count);
  await hear((socket) => socket.open().acknowledge(1).snapshot([{ contract_id: "a", status: "active" }]));

  assert.equal(text(), "subscribed e:1 a=active;1;");
  assert.equal(played.newest().commands().length, 1);
});

test("a component that goes leaves nothing behind", async () => {
  await draw(Contracts);
  await hear((socket) => socket.open().acknowledge(1).snapshot([]));

  await draw(Badge);
  await act(async () => played.clock.pass(1_000));

  assert.equal(played.newest().commands("unsubscribe").length, 1);
  assert.equal(text(), "connected ;");
});

test("a component that goes before the hub has answered asks for nothing", async () => {
  await draw(Contracts);
  await draw(Badge);
  await act(async () => played.clock.pass(1_000));

  await hear((socket) => socket.open());

  assert.deepEqual(played.newest().commands(), []);
  assert.equal(played.sockets.length, 1);
});

test("another client below the same provider is another subscription, and the old one ends", async () => {
  await draw(Contracts);
  await hear((socket) => socket.open().acknowledge(1).snapshot([{ contract_id: "a", status: "active" }]));
  const before = played;
  played = scene();
  await draw(Contracts);
  await act(async () => before.clock.pass(1_000));
  await hear((socket) => socket.open().acknowledge(1).snapshot([{ contract_id: "b", status: "active" }]));

  assert.equal(text(), "subscribed e:1 b=active;");
  assert.equal(before.newest().commands("unsubscribe").length, 1);
  before.hub.close();
});

test("other options are another subscription, and the old one ends", async () => {
  let choose;
  function City() {
    const [city, setCity] = useState("Mumbai");
    choose = setCity;
    const { items } = useChannel("contracts", { snapshot: true, where: { location: city } });
    return h("p", null, `${city} ${[...items.keys()]};`);
  }
  await draw(City);
  await hear((socket) => socket.open().acknowledge(1).snapshot([{ contract_id: "m" }]));
  assert.equal(text(), "Mumbai m;");

  await act(async () => choose("Chennai"));
  assert.equal(text(), "Chennai ;");
  await hear((socket) => {
    if (socket.readyState === 0) socket.open();
    socket.acknowledge(1).snapshot([{ contract_id: "c" }]);
  });
  await act(async () => played.clock.pass(1_000));

  assert.equal(text(), "Chennai c;");
  const followed = played.sockets.filter((socket) => !socket.closed).flatMap((socket) => socket.commands());
  assert.equal(followed.at(-1).where.location, "Chennai");
});

test("every event reaches useHubEvents, once, in order, by its newest function", async () => {
  const seen = [];
  function Log() {
    const [count, setCount] = useState(0);
    useHubEvents("jobs", { history: 0 }, (event) => {
      seen.push([count, event.offset]);
      setCount(count + 1);
    });
    return h("p", null, `${count};`);
  }
  await draw(Log);
  await hear((socket) => socket.open().acknowledge(0));
  for (const offset of [1, 2, 3]) await hear((socket) => socket.event(offset, { channel: "jobs" }));

  assert.deepEqual(seen, [[0, 1], [1, 2], [2, 3]]);
  assert.equal(text(), "3;");
});

test("an end is shown with its error, and a gap with its reason", async () => {
  function Strict() {
    const { status, error, gap } = useChannel("contracts", { since: "e:1" });
    return h("p", null, `${status} ${error?.code} ${gap?.reason};`);
  }
  await draw(Strict);
  await hear((socket) => socket.open().acknowledge(40, { reason: "expired" }));

  assert.equal(text(), "unsubscribed history_gap expired;");
});

test("what was rendered does not change under it", async () => {
  const rendered = [];
  function Keep() {
    rendered.push(useChannel("contracts", { snapshot: true }).items);
    return null;
  }
  await draw(Keep);
  await hear((socket) => socket.open().acknowledge(1).snapshot([{ contract_id: "a" }]));
  const then = rendered.at(-1);
  await hear((socket) => socket.event(2));

  assert.deepEqual([...then.keys()], ["a"]);
  assert.deepEqual([...rendered.at(-1).keys()], ["a", "c-2"]);
});

test("without a provider it says what is missing", () => {
  function Lost() {
    useHub();
    return null;
  }
  const lone = createRoot(document.createElement("div"));

  assert.throws(() => act(() => lone.render(h(Lost))), /expected a HubProvider above, got none/);
});
