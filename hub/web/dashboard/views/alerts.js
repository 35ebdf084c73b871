// Alerts: what is the matter now, and what was lately.

import { h, keyed, say, show } from "../dom.js";
import { ago, many, time } from "../format.js";
import { card, empty, pill, refusal } from "../parts/bits.js";
import { link } from "../router.js";
import { View } from "../view.js";

const UUID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i;

class HubAlerts extends View {
  start() {
    this.raised = h("ul", { class: "alert-list" });
    this.recent = h("ul", { class: "alert-list past" });
    this.well = h("div");
    this.none = h("p", { class: "quiet" }, "Nothing was raised and cleared lately.");
    show(this, h("div", { class: "stack" }, card("Raised now", {}, this.well, this.raised), card("Lately", {}, this.none, this.recent)));
    this.refresh = this.every(5000, () => this.#load());
    this.on(this.app.store, "alerts", () => this.refresh());
  }

  async #load() {
    try {
      this.#draw(await this.app.api.get("/api/alerts"));
    } catch (error) {
      show(this, h("section", { class: "card" }, refusal(error)));
    }
  }

  #draw({ alerts, recent }) {
    if (this.well.drawn !== alerts.length) {
      this.well.drawn = alerts.length;
      show(this.well, alerts.length ? h("p", { class: "quiet" }, many(alerts.length, "alert")) : empty("All is well", h("p", {}, "An alert appears here when a job hangs, latency rises, clients fall behind or a receiver of webhooks fails. ", h("a", { href: "/docs/operations" }, "What is watched, and from where on"))));
    }
    const worst = [...alerts].sort((a, b) => (a.severity === b.severity ? 0 : a.severity === "critical" ? -1 : 1));
    for (const [list, items] of [[this.raised, worst], [this.recent, recent.slice(0, 50)]]) {
      keyed(list, items, (one) => `${one.alert}:${one.subject}:${one.since}`, (one) => alert(one), (element, one) => {
        say(element.querySelector(".since"), one.until ? `${time(one.since)} to ${time(one.until)}` : `since ${time(one.since)}, ${ago(one.since)}`);
      });
    }
    this.none.hidden = recent.length > 0;
  }
}

function alert(one) {
  const about = UUID.test(one.subject) ? h("a", { href: link("jobs", one.subject) }, one.subject.slice(0, 8)) : one.subject;
  return h("li", { class: one.severity },
    h("div", { class: "line" }, pill(one.until ? "cleared" : one.severity), h("b", {}, one.alert), h("span", { class: "quiet" }, "of ", about)),
    h("p", {}, one.message),
    h("p", { class: "quiet" }, h("span", { class: "since" }), one.value === null ? "" : ` · ${one.value}, expected at most ${one.threshold}`, ` · seen by ${one.node}`));
}

customElements.define("hub-alerts", HubAlerts);
