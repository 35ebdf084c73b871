// Contracts: by city on the map, and each in a table that can be searched and sorted.

import "../parts/map.js";
import { h, mark, say, show } from "../dom.js";
import { count, many, moment, time } from "../format.js";
import { slowly } from "../paint.js";
import { card, commands, empty, turnPill } from "../parts/bits.js";
import { byCity } from "../parts/map.js";
import { Rows } from "../parts/rows.js";
import { link } from "../router.js";
import { View } from "../view.js";

const COLUMNS = [
  ["contract", ({ contract_id: id }) => String(id)],
  ["city", ({ location }) => String(location)],
  ["status", ({ status }) => String(status)],
  ["its time", ({ timestamp }) => moment(timestamp) || 0],
];
const NEWEST = "changed";
// In two steps, drawn with the rest: a fade of every row would be painted sixty times a second.
const NOW_MS = 500;
const FRESH_MS = 1400;

class HubContracts extends View {
  #city = null;
  #sort = { by: NEWEST, up: false };
  #rows = null;
  #order = new Map(); // Where each contract stood when it was last drawn.
  #fade = 0;

  start() {
    this.#build();
    this.#city = this.route.query.get("city");
    const draw = slowly(() => this.#draw(), 120);
    this.on(this.app.store, "contracts standing", draw);
    this.on(this.search, "input", draw);
    this.on(this.status, "change", draw);
    this.redraw = draw;
    this.#draw();
  }

  stop() {
    clearTimeout(this.#fade);
  }

  #build() {
    this.map = h("hub-map", { onchoose: ({ detail }) => this.#choose(detail) });
    this.search = h("input", { type: "search", placeholder: "Search contracts", "aria-label": "Search contracts", value: this.route.query.get("q") ?? "" });
    this.status = h("select", { "aria-label": "Status" }, ["any status", "active", "inactive"].map((word, index) => h("option", { value: index ? word : "" }, word)));
    this.chosen = h("button", { type: "button", class: "plain chosen", hidden: true, onclick: () => this.#choose(null) });
    this.counted = h("p", { class: "quiet counted", role: "status" });
    const head = COLUMNS.map(([name], index) => h("th", { scope: "col" }, h("button", { type: "button", onclick: () => this.#sortBy(index) }, name)));
    this.head = h("tr", {}, head);
    const body = h("tbody");
    this.scroller = h("div", { class: "scroll tall rows", tabindex: 0, role: "region", "aria-label": "Contracts" }, h("table", { class: "even-rows" }, h("thead", {}, this.head), body));
    const make = () => h("tr", {}, h("th", { scope: "row", class: "id" }, h("a")), h("td"), h("td"), h("td", {}, h("time")));
    this.#rows = new Rows({ scroller: this.scroller, body, height: 37, make, fill: (row, contract) => this.#fill(row, contract) });
    this.none = h("div", { hidden: true });
    this.full = h("div", { class: "columns contracts" },
      card("By city", { class: "by-city" }, this.map),
      card("Contracts", {}, h("div", { class: "line tools" }, this.search, this.status, this.chosen), this.counted, this.scroller));
    show(this, this.none, this.full);
  }

  #draw() {
    const { store } = this.app;
    const all = store.contracts;
    this.#drawEmpty(all.size === 0 && store.standing("contracts").state.state === "subscribed");
    this.map.chosen = this.#city;
    this.map.draw(byCity(all, store.touched));
    const isHeld = this.#sort.by === NEWEST && isAimedAt(this.scroller);
    const found = this.#found([...all.values()], isHeld);
    this.#order = new Map(found.map(({ contract_id: id }, index) => [id, index]));
    this.#rows.items = found;
    const active = found.filter(({ status }) => status === "active").length;
    say(this.counted, `${found.length === all.size ? many(all.size, "contract") : `${count(found.length)} of ${many(all.size, "contract")}`}, ${count(active)} active${isHeld ? " · in this order while you are in it" : ""}`);
    this.chosen.hidden = this.#city === null;
    say(this.chosen, `${this.#city} ✕`);
    mark(this.chosen, "aria-label", `Show all cities, not ${this.#city} alone`);
    [...this.head.children].forEach((cell, index) => mark(cell, "aria-sort", this.#sort.by === index ? (this.#sort.up ? "ascending" : "descending") : null));
  }

  #found(contracts, isHeld) {
    const words = this.search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const status = this.status.value;
    const found = contracts.filter((one) => {
      if (this.#city !== null && one.location !== this.#city) return false;
      if (status && one.status !== status) return false;
      return !words.length || words.every((word) => `${one.contract_id} ${one.location} ${one.status}`.toLowerCase().includes(word));
    });
    const { touched } = this.app.store;
    const { by, up } = this.#sort;
    const newest = isHeld ? ({ contract_id: id }) => -(this.#order.get(id) ?? Infinity) : ({ contract_id: id }) => touched.get(id)?.order ?? 0;
    const value = by === NEWEST ? newest : COLUMNS[by][1];
    const keyed = found.map((one) => [value(one), one]);
    keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1));
    return keyed.map(([, one]) => one);
  }

  #fill(row, contract) {
    const { contract_id: id, location, status, timestamp } = contract;
    if (row.contract === contract) return this.#freshen(row, id);
    row.contract = contract;
    const [name, city, state, at] = row.children;
    say(name.firstChild, id);
    mark(name.firstChild, "href", `${link("inspect", "contracts")}?contract_id=${encodeURIComponent(String(id))}`);
    mark(name, "title", String(id));
    say(city, location);
    turnPill(state, status);
    say(at.firstChild, time(timestamp));
    mark(at.firstChild, "datetime", timestamp);
    this.#freshen(row, id);
  }

  #freshen(row, id) {
    const age = performance.now() - (this.app.store.touched.get(id)?.at ?? -Infinity);
    const look = age < NOW_MS ? "fresh now" : age < FRESH_MS ? "fresh" : null;
    mark(row, "class", look);
    // Somebody has to put it out where nothing comes any more.
    if (look) this.#fade ||= setTimeout(() => {
      this.#fade = 0;
      this.redraw();
    }, NOW_MS);
  }

  #drawEmpty(isEmpty) {
    this.full.hidden = isEmpty;
    if (this.none.hidden === !isEmpty) return;
    this.none.hidden = !isEmpty;
    if (!isEmpty) return;
    show(this.none, card("Contracts", {}, empty("No contract has been told of yet",
      h("p", {}, "Each update of a contract appears here at once, and its city on the map:"),
      commands(`curl ${location.origin}/update -H 'Content-Type: application/json' \\\n  -d '{"contract_id": "external-123", "location": "Mumbai",\n       "status": "active", "timestamp": "${new Date().toISOString()}"}'`))));
  }

  #sortBy(index) {
    const { by, up } = this.#sort;
    if (by !== index) this.#sort = { by: index, up: index < 3 };
    else if (up === index < 3) this.#sort = { by, up: !up };
    else this.#sort = { by: NEWEST, up: false };
    this.#draw();
  }

  #choose(city) {
    this.#city = city;
    this.#draw();
  }
}

// Who points at a row, or is on it with the keyboard, shall not open another that has come into its place.
const canPoint = matchMedia("(hover: hover)");

function isAimedAt(scroller) {
  const { activeElement } = document;
  return (canPoint.matches && scroller.matches(":hover")) || (scroller !== activeElement && scroller.contains(activeElement));
}

customElements.define("hub-contracts", HubContracts);
