// A long table of which only what is seen is in the page. Rows are of one height and used again.

import { h, mark } from "../dom.js";
import { paint } from "../paint.js";

const SPARE = 6;

export class Rows {
  #items = [];
  #drawn = [];
  #pool = [];
  #above = h("tr", { "aria-hidden": "true", class: "gap" }, h("td"));
  #below = h("tr", { "aria-hidden": "true", class: "gap" }, h("td"));
  #draw = () => this.#now();

  /**
   * scroller scrolls the table that body is of; height is of a row, in pixels; make() returns an empty
   * row, fill(row, item) brings it up to date. keeps: who has scrolled down stays with what is seen
   * there while items come in above it.
   */
  constructor({ scroller, body, height, make, fill, keeps = false }) {
    Object.assign(this, { scroller, body, height, make, fill, keeps });
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
    const scrolled = scroller.scrollTop;
    const top = scrolled + this.#came(scrolled) * height;
    const first = Math.max(0, Math.min(Math.floor(top / height) - SPARE, this.#items.length - 1));
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
    if (top !== scrolled) scroller.scrollTop = top;
  }

  /** How many items have come in above the first that is seen. */
  #came(scrolled) {
    const { height, keeps } = this;
    const index = Math.floor(scrolled / height);
    const seen = keeps && scrolled >= height ? this.#drawn[index] : undefined;
    this.#drawn = this.#items;
    return seen === undefined ? 0 : Math.max(0, this.#items.indexOf(seen, index) - index);
  }

  #size(row, pixels) {
    const wanted = `${Math.max(0, pixels)}px`;
    row.hidden = pixels <= 0;
    if (row.firstChild.style.height !== wanted) row.firstChild.style.height = wanted;
  }
}
