// The list of the inspector: events, and between them what happened to the line. The newest first.

import { h, mark, say } from "../dom.js";
import { subject, time } from "../format.js";
import { slowly } from "../paint.js";
import { linkTo } from "../router.js";
import { Rows } from "./rows.js";

const KEPT = 2000;
const HEIGHT = 33;

/** Dispatches `pick` with an entry. Entries: { event } or { note, look } or { frame }. */
class HubLog extends HTMLElement {
  #entries = [];
  #held = [];
  #rows = null;
  #picked = null;
  #draw = slowly(() => this.#now(), 100);
  paused = false;
  filter = "";

  connectedCallback() {
    if (this.#rows) return;
    const body = h("tbody");
    const scroller = h("div", { class: "scroll tall rows", tabindex: 0, role: "region", "aria-label": "What came, the newest first" },
      h("table", { class: "even-rows log" }, h("colgroup", {}, h("col"), h("col"), h("col"), h("col")), h("thead", { class: "hidden" }, h("tr", {}, ["time", "position", "type", "what"].map((name) => h("th", { scope: "col" }, name)))), body));
    const make = () => {
      const row = h("tr", {}, h("td", {}, h("time")), h("td", {}, h("a", { class: "place" }, h("span", { class: "of" }), h("span"))), h("td", { class: "type" }), h("td", { class: "what" }, h("button", { type: "button" })));
      row.addEventListener("click", (event) => event.target.localName !== "a" && this.#pick(row.entry));
      return row;
    };
    this.#rows = new Rows({ scroller, body, height: HEIGHT, keeps: true, make, fill: (row, entry) => this.#fill(row, entry) });
    this.append(scroller);
  }

  /** How many came while it was paused. */
  get held() {
    return this.#held.length;
  }

  get size() {
    return this.#entries.length;
  }

  add(...entries) {
    const to = this.paused ? this.#held : this.#entries;
    for (const entry of entries) to.unshift({ at: Date.now(), ...entry });
    if (to.length > KEPT) to.length = KEPT;
    this.#draw();
  }

  clear() {
    this.#entries = [];
    this.#held = [];
    this.#picked = null;
    this.#draw();
  }

  resume() {
    this.paused = false;
    this.#entries = [...this.#held, ...this.#entries].slice(0, KEPT);
    this.#held = [];
    this.#draw();
  }

  /** Draw soon: the filter is another one. */
  redraw() {
    this.#draw();
  }

  /** Pick the event at an offset, when it is there. */
  pickAt(offset) {
    const found = this.#entries.find(({ event }) => event?.offset === offset);
    if (found) this.#pick(found);
  }

  #now() {
    const word = this.filter.trim().toLowerCase();
    // What happened to the line is never filtered away: a gap must be seen.
    this.#rows.items = word ? this.#entries.filter((entry) => entry.note || text(entry).includes(word)) : [...this.#entries];
    this.dispatchEvent(new Event("drawn"));
  }

  #fill(row, entry) {
    mark(row, "aria-selected", entry === this.#picked ? "true" : null);
    if (row.entry === entry) return;
    row.entry = entry;
    const [at, place, type, what] = row.children;
    const { event, frame, note } = entry;
    mark(row, "class", note ? `note ${entry.look}` : frame ? (frame.out ? "out" : "in") : event.test ? "test" : null);
    say(at.firstChild, time(event?.timestamp ?? entry.at));
    const to = event && linkTo(event);
    mark(place.firstChild, "href", to);
    const [of, name] = place.firstChild.children;
    say(of, event?.offset ? `${event.channel}:` : "");
    say(name, frame ? (frame.out ? "→ sent" : "← came") : event ? (event.offset || (event.test ? "test" : "volatile")) : "");
    say(type, event ? event.type : (frame ? /"type":"([^"]*)"/.exec(frame.text)?.[1] ?? "" : (entry.word ?? "")));
    say(what.firstChild, event ? subject(event) : (note ?? frame.text.slice(0, 300)));
    mark(what.firstChild, "aria-label", note ? note : `Show ${type.textContent} ${place.textContent}`);
  }

  #pick(entry) {
    if (!entry || entry.note) return;
    this.#picked = entry;
    this.#draw();
    this.dispatchEvent(new CustomEvent("pick", { detail: entry }));
  }
}

function text(entry) {
  entry.text ??= (entry.frame?.text ?? JSON.stringify(entry.event)).toLowerCase();
  return entry.text;
}

customElements.define("hub-log", HubLog);
