// One webhook: how it fares, what it was sent, and sending it again.

import "../parts/delivery.js";
import { h, keyed, mark, say, show } from "../dom.js";
import { ago, many, time } from "../format.js";
import { card, pill, refusal, turnPill, when } from "../parts/bits.js";
import { link } from "../router.js";
import { View } from "../view.js";

const STATES = ["", "pending", "held", "delivered", "dead", "cancelled"];
const LISTED = 100;

class HubWebhook extends View {
  webhook = "";
  delivery = null;
  #state = "";
  #one = null;

  start() {
    this.back = h("p", { class: "back" }, h("a", { href: "#/webhooks" }, "← All webhooks"));
    this.facts = h("div", { class: "state" });
    this.said = h("p", { class: "said", role: "status" });
    this.filters = h("div", { class: "line filters", role: "group", "aria-label": "State" },
      STATES.map((state) => h("button", { type: "button", class: "plain", "aria-pressed": String(state === ""), "data-state": state, onclick: () => this.#filter(state) }, state || "all")));
    this.rows = h("tbody");
    this.none = h("p", { class: "quiet", hidden: true });
    this.detail = h("hub-delivery");
    this.detail.setup({ api: this.app.api, again: (id) => this.#again(id) });
    show(this, this.back, h("p", { class: "quiet" }, "Loading…"));
    this.refresh = this.every(2000, () => this.#load());
  }

  async #load() {
    const { api } = this.app;
    const one = `/api/webhooks/${encodeURIComponent(this.webhook)}`;
    try {
      const [webhook, { deliveries }] = await Promise.all([api.get(one), api.get(`${one}/deliveries`, { limit: LISTED, state: this.#state })]);
      if (!this.#one) this.#build();
      this.#one = webhook;
      this.#drawFacts();
      this.#drawRows(deliveries);
      // The newest when one comes, and that one then: what somebody reads is not taken from under the eyes.
      this.delivery ??= deliveries[0]?.id ?? null;
      if (this.delivery) await this.detail.load(this.delivery);
    } catch (error) {
      if (!this.#one) show(this, this.back, h("section", { class: "card" }, refusal(error)));
    }
  }

  #build() {
    this.actions = h("div", { class: "line" });
    const head = ["event", "state", "tries", "made"].map((name) => h("th", { scope: "col", class: name === "tries" ? "number" : null }, name));
    show(this, this.back, h("div", { class: "stack" },
      h("section", { class: "card", "aria-label": "State" }, this.facts, this.actions, this.said),
      h("div", { class: "columns" },
        card("Deliveries", {}, this.filters, this.none, h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": "Deliveries" }, h("table", {}, h("thead", {}, h("tr", {}, head)), this.rows))),
        card("Delivery", {}, this.detail))));
  }

  #drawFacts() {
    const one = this.#one;
    const { circuit, failures, failing_since: since, retry_at: retry } = one.health;
    const text = JSON.stringify([one.state, one.health, one.url, one.waiting]);
    if (this.facts.drawn === text) return;
    this.facts.drawn = text;
    show(this.facts, h("div", { class: "line" }, pill(one.state), h("code", {}, one.url)),
      one.why && h("p", { class: "fault" }, one.why),
      h("p", { class: "quiet" }, `${one.event_types.join(", ")}${one.channels.length ? ` of ${one.channels.join(", ")}` : ""}${one.ordered ? ", in order" : ""} · made `, when(one.created_at), ` by ${one.owner} · ${many(one.receipts.count, "receipt")}`),
      circuit !== "closed" && h("p", { class: "fault" }, `The circuit is ${circuit} after ${many(failures, "failure")}${since ? `, since ${time(since)}` : ""}${retry ? `; the next probe goes ${ago(retry)}` : ""}.`));
    const paused = one.state !== "active";
    show(this.actions, this.#button("Send a test", "test"), this.#button(paused ? "Resume" : "Pause", paused ? "resume" : "pause"),
      h("button", { type: "button", class: "plain", onclick: () => this.#replay() }, "Replay what is dead or held"));
  }

  #button(text, deed) {
    return h("button", { type: "button", class: "plain", onclick: () => this.#do(deed) }, text);
  }

  #drawRows(deliveries) {
    this.none.hidden = deliveries.length > 0;
    say(this.none, this.#state ? `Nothing is ${this.#state}.` : "Nothing was sent yet: the next event that fits goes out, or send a test.");
    keyed(this.rows, deliveries, ({ id }) => id,
      ({ id, event }) => h("tr", {}, h("th", { scope: "row" }, h("a", { href: link("webhooks", this.webhook, id), onclick: (click) => this.#choose(click, id) }, event.type), " ", h("small", { class: "quiet" }, event.key)), h("td"), h("td", { class: "number" }), h("td")),
      (row, one) => {
        const [, state, attempts, made] = row.children;
        turnPill(state, one.state);
        mark(state, "title", one.reason);
        say(attempts, one.attempts);
        say(made, time(one.created_at));
        mark(row, "aria-selected", one.id === this.detail.shown ? "true" : null);
      });
  }

  #choose(event, id) {
    event.preventDefault();
    this.delivery = id;
    history.replaceState(null, "", link("webhooks", this.webhook, id));
    void this.detail.load(id).then(() => this.refresh());
  }

  #filter(state) {
    this.#state = state;
    for (const button of this.filters.children) mark(button, "aria-pressed", String(button.dataset.state === state));
    this.refresh();
  }

  async #again(id) {
    await this.app.api.send("POST", `/api/deliveries/${encodeURIComponent(id)}/replay`);
    this.delivery = id;
    await this.#load();
  }

  async #do(deed) {
    await this.#tell(async () => {
      const told = await this.app.api.send("POST", `/api/webhooks/${encodeURIComponent(this.webhook)}/${deed}`);
      if (deed !== "test") return deed === "pause" ? "Paused: what comes is held." : "Resumed: what comes from now on is sent.";
      return told.delivered ? `The test was taken: ${told.status} within ${Math.round(told.duration_ms)} ms.` : `The test was not taken: ${told.failure ?? told.status}.`;
    });
  }

  async #replay() {
    await this.#tell(async () => {
      const made = await this.app.api.send("POST", `/api/webhooks/${encodeURIComponent(this.webhook)}/replay`, { states: ["dead", "held"] });
      return `The replay ${made.id} is under way: ${many(made.again, "delivery", "deliveries")} so far.`;
    });
  }

  async #tell(act) {
    try {
      say(this.said, await act());
      this.said.className = "said quiet";
    } catch (error) {
      this.said.className = "said fault";
      say(this.said, error.message);
    }
    await this.#load();
  }
}

customElements.define("hub-webhook", HubWebhook);
