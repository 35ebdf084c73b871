// Throughput and latency: what the nodes measure, and what this page sees of it.

import "../parts/plot.js";
import { h, keyed, say, show } from "../dom.js";
import { bytes, count, delay, rate, time } from "../format.js";
import { card } from "../parts/bits.js";
import { View } from "../view.js";

const POINTS = 150; // of two seconds: five minutes

class HubThroughput extends View {
  #denied = "";

  start() {
    const plot = (names, label, least) => {
      const made = h("hub-plot");
      made.setup({ names, label, least });
      const numbers = names.map(() => h("b"));
      const legend = h("p", { class: "legend" }, names.map((name, index) => h("span", { class: `c${index}` }, name, ": ", numbers[index])));
      return { made, numbers, legend };
    };
    this.flow = plot(["taken in", "written to clients"], "Events a second through the hub, of the last five minutes", 5);
    this.late = plot(["half of them within", "99 of 100 within"], "From an event's commit to the last socket's write, of the last five minutes", 5);
    this.seen = plot(["came to this page"], "Events a second that came to this page, of the last five minutes", 5);
    this.felt = plot(["half of them within", "95 of 100 within"], "From an event's commit to this page, of the last five minutes", 5);
    this.channels = h("tbody");
    this.nodes = h("tbody");
    this.said = h("p", { class: "quiet" });
    const table = (label, names, body) => h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label },
      h("table", {}, h("thead", {}, h("tr", {}, names.map((name, index) => h("th", { scope: "col", class: index ? "number" : null }, name)))), body));
    this.hub = h("div", { class: "columns even" },
      card("Events a second", {}, this.flow.legend, this.flow.made), card("From commit to the last client", {}, this.late.legend, this.late.made));
    this.tables = h("div", { class: "columns even" },
      card("Channels", {}, table("Channels", ["channel", "head", "in a second", "out a second", "followers", "late", "behind"], this.channels)),
      card("Nodes", {}, table("Nodes", ["node", "in a second", "out a second", "connections", "queues", "99 of 100"], this.nodes)));
    show(this, h("div", { class: "stack" }, this.said, this.hub,
      h("div", { class: "columns even" }, card("What this page sees", {}, this.seen.legend, this.seen.made), card("From commit to this page", {}, this.felt.legend, this.felt.made)),
      this.tables));
    this.every(1000, () => this.#own());
    this.every(2000, () => this.#ask());
  }

  #own() {
    const { rates } = this.app.store;
    this.seen.made.draw([rates.total()], rate);
    say(this.seen.numbers[0], `${rate(rates.now())} a second`);
    this.felt.made.draw([rates.latency(0.5), rates.latency(0.95)], delay);
    say(this.felt.numbers[0], delay(rates.latencyNow(0.5)));
    say(this.felt.numbers[1], delay(rates.latencyNow(0.95)));
  }

  async #ask() {
    if (this.#denied) return;
    try {
      this.#draw(await this.app.api.get("/api/stats", { points: POINTS }));
    } catch (error) {
      if (error.status === 403) this.#denied = error.message;
      this.hub.hidden = this.tables.hidden = Boolean(this.#denied);
      say(this.said, this.#denied ? `What the nodes measure is not open to your token: ${error.message}` : error.message);
    }
  }

  #draw({ now, points, channels, nodes, incomplete }) {
    const missing = POINTS - points.length;
    const padded = (value) => [...Array.from({ length: missing }, () => NaN), ...points.map(value)];
    const number = (value) => (value === null ? NaN : value);
    this.flow.made.draw([padded((one) => one.events_in), padded((one) => one.events_out)], rate);
    say(this.flow.numbers[0], rate(now.events_in));
    say(this.flow.numbers[1], rate(now.events_out));
    this.late.made.draw([padded((one) => number(one.latency.p50_ms)), padded((one) => number(one.latency.p99_ms))], delay);
    say(this.late.numbers[0], delay(number(now.latency.p50_ms)));
    say(this.late.numbers[1], delay(number(now.latency.p99_ms)));
    const since = Object.values(nodes).map((node) => node.since).sort()[0];
    const silent = incomplete.length ? ` No answer from ${incomplete.join(", ")}.` : "";
    say(this.said, `Measured by the nodes, in memory, since ${time(since)}.${silent}`);
    cells(this.channels, channels.filter(({ head, followers }) => head || followers).map((one) => [one.channel, one.head === null ? "volatile" : count(one.head), rate(one.events_in), rate(one.events_out), count(one.followers), count(one.late), count(one.behind)]));
    cells(this.nodes, Object.entries(nodes).map(([name, one]) => [name, rate(one.events_in), rate(one.events_out), count(one.connections), bytes(one.queued_bytes), delay(number(one.latency.p99_ms))]));
  }
}

function cells(body, rows) {
  keyed(body, rows, ([name]) => name, (row) => h("tr", {}, row.map((_, index) => h(index ? "td" : "th", index ? { class: "number" } : { scope: "row" }))),
    (element, row) => row.forEach((text, index) => say(element.children[index], text)));
}

customElements.define("hub-throughput", HubThroughput);
