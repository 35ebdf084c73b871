// What happens now, at one look: numbers, who waits for an answer, channels, the newest events.

import "../parts/map.js";
import "../parts/plot.js";
import { h, keyed, mark, say, show } from "../dom.js";
import { brief, count, delay, many, rate, subject, time } from "../format.js";
import { slowly } from "../paint.js";
import { card, commands, empty, place } from "../parts/bits.js";
import { byCity } from "../parts/map.js";
import { link } from "../router.js";
import { View } from "../view.js";

const SHOWN = 30;

class HubOverview extends View {
  #tiles = {};
  #channels = null;
  #status = null;

  start() {
    const { store } = this.app;
    this.#build();
    const draw = slowly(() => this.#draw(), 150);
    this.on(store, "contracts jobs alerts feed standing", draw);
    this.every(1000, () => this.#curves());
    this.every(5000, () => this.#ask());
    this.#draw();
  }

  #build() {
    const tile = (name, label, to) => {
      const number = h("dd", {}, "–");
      const more = h("dd", { class: "more" });
      this.#tiles[name] = { number, more };
      return h("div", { class: `tile ${name}` }, h("dt", {}, to ? h("a", { href: to }, label) : label), number, more);
    };
    this.rate = h("hub-plot");
    this.rate.setup({ names: ["all"], label: "Events a second over the last minute", small: true });
    const flow = tile("rate", "events a second", "#/throughput");
    flow.append(h("dd", { class: "curve" }, this.rate));
    this.asking = h("ul", { class: "asking" });
    this.askingCard = card("Waiting for you", { class: "attention", hidden: true }, this.asking);
    this.rows = h("tbody");
    this.map = h("hub-map", { bare: true, onchoose: ({ detail }) => (location.hash = `#/contracts?city=${encodeURIComponent(detail)}`) });
    this.feed = h("ol", { class: "events", "aria-label": "The newest events" });
    this.start_ = h("div", { hidden: true });
    this.live = h("div", { class: "columns" });
    show(this.live,
      h("div", {}, this.askingCard, card("Contracts by city", {}, this.map),
        card("Channels", {}, h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Channels" },
          h("table", {}, h("thead", {}, h("tr", {}, ["channel", "position"].map((name) => h("th", { scope: "col" }, name)), ["a second", "lag"].map((name) => h("th", { scope: "col", class: "number" }, name)), h("th", { scope: "col" }, "kept"))), this.rows)))),
      card("Newest events", {}, h("p", { class: "quiet none" }, "New events appear here, each with its position."), this.feed));
    show(this,
      h("dl", { class: "tiles" }, tile("contracts", "contracts", "#/contracts"), tile("running", "jobs running", "#/jobs"),
        tile("waiting", "need input", "#/jobs?status=NEEDS_INPUT"), flow, tile("latency", "commit to page", "#/throughput"),
        tile("clients", "clients", "#/connections"), tile("alerts", "alerts", "#/alerts")),
      this.start_, this.live);
  }

  #draw() {
    const { store } = this.app;
    const contracts = [...store.contracts.values()];
    const jobs = [...store.jobs.values()];
    const of = (status) => jobs.filter((job) => job.status === status).length;
    const active = contracts.filter(({ status }) => status === "active").length;
    this.#tell("contracts", count(contracts.length), `${count(active)} active`);
    this.#tell("running", count(of("RUNNING")), `${count(of("PENDING"))} pending · ${count(of("DONE"))} done · ${count(of("FAILED"))} failed`);
    this.#tell("waiting", count(of("NEEDS_INPUT")), of("NEEDS_INPUT") ? "answer them below" : "nobody waits");
    const raised = store.alerts?.size;
    this.#tell("alerts", raised === undefined ? "–" : count(raised), raised === undefined ? "your token does not show them" : raised ? "raised now" : "all is well");
    mark(this.#tiles.alerts.number.parentElement, "data-bad", Boolean(raised));
    mark(this.#tiles.waiting.number.parentElement, "data-warn", of("NEEDS_INPUT") > 0);
    this.#drawAsking(jobs.filter(({ status }) => status === "NEEDS_INPUT"));
    this.map.draw(byCity(store.contracts, store.touched));
    this.#drawFeed();
    this.#drawEmpty();
    this.#drawChannels();
  }

  #tell(name, number, more) {
    say(this.#tiles[name].number, number);
    say(this.#tiles[name].more, more);
  }

  #curves() {
    const { rates } = this.app.store;
    this.rate.draw([rates.total(60)]);
    this.#tell("rate", rate(rates.now()), `peak this minute: ${rate(Math.max(0, ...rates.total(60).filter((one) => one > 0)))}`);
    this.#tell("latency", delay(rates.latencyNow(0.5)), `99 of 100 in ${delay(rates.latencyNow(0.99))}`);
  }

  async #ask() {
    const { api } = this.app;
    if (this.denied) return;
    try {
      [this.#channels, this.#status] = await Promise.all([api.get("/api/channels"), api.get("/ws/status")]);
      const nodes = Object.keys(this.#status.nodes).length;
      this.#tell("clients", count(this.#status.connections), `on ${many(nodes, "node")}`);
      this.#drawChannels();
    } catch (error) {
      this.denied = error.status === 403;
      this.#tell("clients", "–", this.denied ? "your token does not show them" : "");
    }
  }

  #drawAsking(jobs) {
    this.askingCard.hidden = jobs.length === 0;
    keyed(this.asking, jobs.slice(0, 6), ({ job_id: id }) => id,
      ({ job_id: id }) => h("li", {}, h("a", { href: link("jobs", id) }, brief(id)), h("span")),
      (element, job) => say(element.lastChild, job.input_request?.prompt ?? job.message ?? ""));
  }

  #drawFeed() {
    const { feed } = this.app.store;
    const shown = feed.slice(0, SHOWN);
    this.feed.previousElementSibling.hidden = shown.length > 0;
    keyed(this.feed, shown, (event) => event.id ?? event, (event) =>
      h("li", {}, h("time", { datetime: event.timestamp, title: event.timestamp }, time(event.timestamp)), place(event),
        h("b", { class: event.type.replaceAll(/\W/g, "-") }, event.type), h("span", {}, subject(event))));
  }

  #drawChannels() {
    const { store } = this.app;
    const known = this.#channels?.channels ?? store.channels.map((channel) => ({ channel }));
    const shown = known.filter(({ channel, head }) => head > 0 || store.standing(channel)?.position);
    keyed(this.rows, shown, ({ channel }) => channel, () => h("tr", {}, h("th", { scope: "row" }), h("td"), h("td", { class: "number" }), h("td", { class: "number" }), h("td")),
      (row, { channel, head, oldest, durable }) => {
        const [name, position, persec, lag, kept] = row.children;
        const standing = store.standing(channel);
        const at = standing?.position;
        say(name, channel);
        const offset = at ? at.slice(at.lastIndexOf(":") + 1) : String(head);
        if (position.textContent !== offset) show(position, h("a", { href: at ? link("inspect", `${channel}@${at}`) : link("inspect", channel) }, offset));
        say(persec, standing ? rate(store.rates.now(channel)) : "–");
        say(lag, standing?.state.state === "subscribed" ? count(standing.lag ?? 0) : (standing?.state.reason || "–"));
        say(kept, durable === false ? "volatile" : oldest ? `since ${count(oldest)}` : "–");
      });
  }

  #drawEmpty() {
    const { isEmpty } = this.app.store;
    this.live.hidden = isEmpty;
    if (this.start_.hidden === !isEmpty) return;
    this.start_.hidden = !isEmpty;
    if (!isEmpty) return;
    show(this.start_, h("section", { class: "card" },
      empty("Nothing has happened yet",
        h("p", {}, "Send the first contract update. It shows up here before curl has returned:"),
        commands(`curl ${location.origin}/update -H 'Content-Type: application/json' \\\n  -d '{"contract_id": "external-123", "location": "Mumbai",\n       "status": "active", "timestamp": "2024-01-01T12:00:00"}'`),
        h("p", {}, "A job is as short:"),
        commands(`curl ${location.origin}/api/jobs -H 'Content-Type: application/json' \\\n  -d '{"metadata": {"user_id": "user123"}}'`),
        h("p", {}, "Or have a whole day's news: ", h("code", {}, "make demo"), ". More under ", h("a", { href: "/docs" }, "Docs"), "."))));
  }
}

customElements.define("hub-overview", HubOverview);
