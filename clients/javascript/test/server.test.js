/** On a server, where pages are drawn before a browser has them: no window, and nothing is sent. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createElement as h } from "react";
import { renderToString } from "react-dom/server";

import { HubProvider, useChannel, useHubEvents, useHubState } from "../src/react.js";
import { scene } from "./support/scene.js";

function Contracts() {
  const { status, items } = useChannel("contracts", { snapshot: true });
  useHubEvents("jobs", {}, () => {});
  return h("p", null, `${useHubState().state} ${status} ${items.size}`);
}

test("a page is drawn as it is before the hub has answered, and the hub is not asked", () => {
  assert.equal(globalThis.window, undefined);
  const { hub, sockets, clock } = scene();

  const page = renderToString(h(HubProvider, { client: hub }, h(Contracts)));

  assert.equal(page, "<p>disconnected subscribing 0</p>");
  assert.deepEqual([sockets.length, clock.timers.size], [0, 0]);
});
