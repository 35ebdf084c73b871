// A long table of which only what is seen is in the page. Rows are of one height and used again.

import { h, mark } from "../dom.js";
import { paint } from "../paint.js";

const SPARE = 6;

export class Rows {
  #items = [];
  #pool = [];
  #above = h("tr", { "aria-hidden": "true", class: "gap" }, h("td"));
  #below = h("tr", { "aria-hidden": "true", class: "gap" }, h("td"));
  #draw = () => this.#now();

  /**
   * scroller scrolls the table that body is of; height is of a row, in pixels; make() returns an empty
   * row, fill(row, item) brings it up to date.
   */
  constructor({ scroller, body, height, make, fill }) {
    Object.assign(this, { scroller, body, height, make, fill });
    body.append(this.#above, this.#below);
    scroller.addEventListener("scroll", () => paint(this.#draw), { passive: true });
    new ResizeObserver(() => paint(this.#draw)).observe(scroller);
  }

  set items(items) {
    this.#items = items;
    mark(this.body.closest("table"), "aria-rowcount", items.length + 1);
    paint(this.#draw);
  }

  #now() {
    const { scroller, height } = this;
    const first = Math.max(0, Math.min(Math.floor(scroller.scrollTop / height) - SPARE, this.#items.length - 1));
    const shown = this.#items.slice(first, first + Math.ceil(scroller.clientHeight / height) + 2 * SPARE);
    while (this.#pool.length < shown.length) {
      const row = this.make();
      this.#pool.push(row);
      this.#below.before(row);
    }
    this.#pool.forEach((row, index) => {
      const item = shown[index];
      row.hidden = item === undefined;
      if (item === undefined) return;
      mark(row, "aria-rowindex", first + index + 2);
      this.fill(row, item);
    });
    this.#size(this.#above, first * height);
    this.#size(this.#below, (this.#items.length - first - shown.length) * height);
  }

  #size(row, pixels) {
    const wanted = `${Math.max(0, pixels)}px`;
    row.hidden = pixels <= 0;
    if (row.firstChild.style.height !== wanted) row.firstChild.style.height = wanted;
  }
}
