// Chaos, on a hub that is open to this machine alone: break the connection in three ways, and see what is lost.

import { h, mark, show } from "../dom.js";
import { many, span } from "../format.js";
import { wire } from "../wire.js";

const DELAY_MS = 3000;

class HubChaos extends HTMLElement {
  #app = null;
  #broken = null;

  setup(app) {
    if (!this.#app) app.session.addEventListener("state", () => this.#look());
    this.#app = app;
  }

  /** Show the buttons, or take them away. */
  toggle() {
    this.hidden = !this.hidden;
    if (this.hidden) return this.#slow(0);
    this.delay = h("button", { type: "button", class: "plain", "aria-pressed": "false", onclick: () => this.#slow(wire.delayMs ? 0 : DELAY_MS) }, "Delay what comes by 3 s");
    this.said = h("p", { class: "said", role: "status" }, "Break the connection, and see that nothing is lost.");
    show(this, h("div", { class: "line" }, h("b", {}, "Chaos"),
      h("button", { type: "button", class: "plain", onclick: () => this.#break("dropped", () => wire.drop()) }, "Drop my connection"), this.delay,
      h("button", { type: "button", class: "plain", onclick: () => this.#break("expired", () => wire.expire()) }, "Expire my token"),
      h("button", { type: "button", class: "plain", onclick: () => this.toggle() }, "Close")), this.said);
    this.querySelector("button").focus();
  }

  #slow(ms) {
    wire.delayMs = ms;
    if (!this.delay) return;
    mark(this.delay, "aria-pressed", String(ms > 0));
    this.said.textContent = ms ? "Everything comes 3 s late, in order: look at the latency." : "What comes comes at once again.";
  }

  #break(how, act) {
    const { store } = this.#app;
    const at = (channel) => offset(store.position(channel));
    this.#broken = { how, since: performance.now(), before: store.channels.map((channel) => [channel, at(channel), store.standing(channel)?.lastGap]) };
    this.said.textContent = how === "dropped" ? "Cut. It comes back by itself …" : "Expired. Another ticket is asked for …";
    act();
  }

  // When every channel is followed again: what came meanwhile, and what did not.
  #look() {
    if (!this.#broken || this.hidden || this.#app.session.hub.state.state !== "connected") return;
    const { store } = this.#app;
    const { before, since } = this.#broken;
    const follows = before.every(([channel, at]) => at === null || store.standing(channel).state.state === "subscribed");
    if (!follows) return void setTimeout(() => this.#look(), 50);
    this.#broken = null;
    const lost = before.filter(([channel, , gap]) => store.standing(channel).lastGap !== gap).length;
    const caught = before.reduce((sum, [channel, at]) => sum + (at === null ? 0 : offset(store.position(channel)) - at), 0);
    const came = caught ? `${many(caught, "event")} came meanwhile and ${caught === 1 ? "is" : "are"} here` : "Nothing came meanwhile";
    this.said.textContent = `Back after ${span(performance.now() - since)}. ${came}; ${lost ? "some are gone: see the gap in the inspector" : "none is lost"}.`;
  }
}

function offset(position) {
  return position ? Number(position.slice(position.lastIndexOf(":") + 1)) : null;
}

customElements.define("hub-chaos", HubChaos);
