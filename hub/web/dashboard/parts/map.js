// Contracts by city on a map: a ring a city, its filled part those that are active. A city can be chosen.

import { h, keyed, mark, say, show, svg } from "../dom.js";
import { count } from "../format.js";
import { cityAt, OUTLINE, project, SIZE } from "../india.js";

const LEAST = 13;
const MOST = 26;
const BEAT_MS = 1200; // A little longer than the style sheet's.
// Names go where they hide no neighbour.
const LEFT = new Set(["Mumbai", "Pune", "Bengaluru", "Kochi", "Surat", "Ahmedabad", "Coimbatore", "Thiruvananthapuram"]);

/** Counts of each city: { city, contracts, active, changedAt }. */
export function byCity(contracts, touched) {
  const cities = new Map();
  for (const { contract_id: id, location, status } of contracts.values()) {
    const name = String(location);
    let one = cities.get(name);
    if (!one) cities.set(name, (one = { city: name, contracts: 0, active: 0, changedAt: -Infinity }));
    one.contracts += 1;
    if (status === "active") one.active += 1;
    one.changedAt = Math.max(one.changedAt, touched.get(id)?.at ?? -Infinity);
  }
  return [...cities.values()].sort((a, b) => b.contracts - a.contracts || (a.city < b.city ? -1 : 1));
}

/** Dispatches `choose` with the city in `detail`; null: none any more. */
class HubMap extends HTMLElement {
  #chosen = null;
  #list = null;
  #rings = null;
  #sheet = null;

  connectedCallback() {
    if (this.#rings) return;
    this.#rings = svg("g");
    this.#list = h("ul", { class: "cities" });
    this.#sheet = h("div", { class: "sheet" },
      svg("svg", { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, class: "india", role: "group", "aria-label": "Contracts by city, on a map of India" },
        svg("path", { class: "land", d: OUTLINE }), this.#rings));
    show(this, this.#sheet,
      this.hasAttribute("bare") ? null : this.#list);
  }

  set chosen(city) {
    this.#chosen = city;
  }

  /** cities: what `byCity` returns. */
  draw(cities) {
    const most = Math.max(1, ...cities.map(({ contracts }) => contracts));
    const placed = cities.filter(({ city }) => cityAt(city));
    keyed(this.#rings, placed, ({ city }) => city, ({ city }) => this.#ring(city), (ring, one) => this.#fill(ring, one, most));
    keyed(this.#list, cities, ({ city }) => city, ({ city }) => this.#row(city), (row, one) => this.#tell(row, one));
  }

  #ring(city) {
    const [x, y] = project(cityAt(city));
    const press = (event) => {
      if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      this.#choose(city);
    };
    const name = svg("text", { class: "name", "text-anchor": LEFT.has(city) ? "end" : "start" }, city);
    return svg("g", { class: "city", transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, role: "button", tabindex: 0, onclick: press, onkeydown: press },
      svg("circle", { class: "back" }), svg("circle", { class: "rest" }),
      svg("circle", { class: "share", transform: "rotate(-90)", pathLength: 100 }), svg("text", { class: "much", "text-anchor": "middle", dy: "0.35em" }), name);
  }

  #fill(ring, { city, contracts, active, changedAt }, most) {
    const [back, rest, share, much, name] = ring.children;
    const radius = LEAST + (MOST - LEAST) * Math.sqrt(contracts / most);
    mark(back, "r", radius.toFixed(1));
    for (const circle of [rest, share]) mark(circle, "r", (radius - 2.5).toFixed(1));
    const filled = contracts ? (100 * active) / contracts : 0;
    mark(share, "stroke-dasharray", `${filled.toFixed(1)} 100`);
    mark(name, "x", (LEFT.has(city) ? -1 : 1) * Math.round(radius + 6));
    mark(name, "y", "5");
    say(much, count(contracts));
    mark(ring, "aria-label", `${city}: ${contracts} contracts, ${active} active`);
    mark(ring, "aria-pressed", String(this.#chosen === city));
    const now = performance.now();
    // A beat is left to its end: where much happens it goes on and on, not from its beginning for ever.
    if (changedAt > (ring.drawnAt ?? now - 1) && now > (ring.beatAt ?? 0) + BEAT_MS) {
      ring.beatAt = now;
      this.#beat(city, radius);
    }
    ring.drawnAt = Math.max(changedAt, ring.drawnAt ?? now);
  }

  // Beside the drawing, not in it: parts of an SVG are laid out and painted anew for each of their frames.
  #beat(city, radius) {
    const [x, y] = project(cityAt(city));
    const pulse = h("span", { class: "pulse", "aria-hidden": "true" });
    pulse.style.left = `${(100 * x) / SIZE.width}%`;
    pulse.style.top = `${(100 * y) / SIZE.height}%`;
    pulse.style.width = `${(200 * radius) / SIZE.width}%`;
    this.#sheet.append(pulse);
    setTimeout(() => pulse.remove(), BEAT_MS);
  }

  #row(city) {
    return h("li", {}, h("button", { type: "button", class: "plain", onclick: () => this.#choose(city) },
      h("span", { class: "name" }, city), h("span", { class: "numbers" }), h("meter", { min: 0, max: 1, "aria-label": `active in ${city}` })));
  }

  #tell(row, { city, contracts, active }) {
    const button = row.firstChild;
    const [, numbers, meter] = button.children;
    say(numbers, `${count(active)} of ${count(contracts)} active`);
    const share = (active / contracts).toFixed(3);
    if (meter.getAttribute("value") !== share) meter.setAttribute("value", share);
    mark(button, "aria-pressed", String(this.#chosen === city));
    mark(row, "class", cityAt(city) ? null : "elsewhere");
  }

  #choose(city) {
    this.#chosen = this.#chosen === city ? null : city;
    this.dispatchEvent(new CustomEvent("choose", { detail: this.#chosen }));
  }
}

customElements.define("hub-map", HubMap);
