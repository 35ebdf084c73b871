// Webhooks: where events are posted to, and how each receiver fares.

import "./webhook.js";
import { h, keyed, mark, say, show } from "../dom.js";
import { ago } from "../format.js";
import { card, commands, empty, refusal, turnPill } from "../parts/bits.js";
import { link } from "../router.js";
import { View } from "../view.js";

class HubWebhooks extends View {
  start() {
    const [webhook, delivery] = this.route.parts;
    if (webhook) {
      const one = h("hub-webhook");
      Object.assign(one, { app: this.app, webhook, delivery: delivery ?? null });
      return show(this, one);
    }
    this.rows = h("tbody");
    const head = ["address", "state", "waits", "events", "changed"].map((name) => h("th", { scope: "col" }, name));
    this.table = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Webhooks" }, h("table", {}, h("thead", {}, h("tr", {}, head)), this.rows));
    this.none = h("div", { hidden: true });
    show(this, card("Webhooks", {}, this.table, this.none));
    this.every(3000, () => this.#load());
  }

  async #load() {
    try {
      const { webhooks } = await this.app.api.get("/api/webhooks");
      this.#draw(webhooks);
    } catch (error) {
      this.table.hidden = true;
      this.none.hidden = false;
      show(this.none, refusal(error));
    }
  }

  #draw(webhooks) {
    this.table.hidden = webhooks.length === 0;
    if (this.none.hidden !== webhooks.length > 0) this.#drawNone(webhooks.length === 0);
    keyed(this.rows, webhooks, ({ id }) => id, ({ id }) => h("tr", {}, h("th", { scope: "row" }, h("a", { href: link("webhooks", id) }), h("small", { class: "quiet under-name" })), h("td"), h("td"), h("td"), h("td")), (row, one) => {
      const [name, state, waits, events, changed] = row.children;
      say(name.firstChild, one.url);
      say(name.lastChild, one.description || one.id);
      const word = one.state === "active" && one.health.circuit !== "closed" ? `circuit ${one.health.circuit}` : one.state;
      turnPill(state, word);
      mark(state, "title", one.why || null);
      say(waits, Object.entries(one.waiting).filter(([, many]) => many).map(([word_, many]) => `${many} ${word_}`).join(", ") || "nothing");
      say(events, [one.event_types.join(", "), one.channels.length ? `of ${one.channels.join(", ")}` : ""].filter(Boolean).join(" "));
      say(changed, ago(one.updated_at));
    });
  }

  #drawNone(isEmpty) {
    this.none.hidden = !isEmpty;
    if (!isEmpty) return;
    show(this.none, empty("No webhook is there yet",
      h("p", {}, "Events can be posted to an address of yours: signed, repeated until it has them, each attempt on record here."),
      commands("hub webhooks create https://shop.example/hook --events 'job_*'"),
      h("p", {}, "To try it on this machine, without an address that others reach:"),
      commands("hub listen --forward-to 3000/hook --print-secret"),
      h("p", {}, h("a", { href: "/docs/webhooks" }, "All about webhooks"))));
  }
}

customElements.define("hub-webhooks", HubWebhooks);
