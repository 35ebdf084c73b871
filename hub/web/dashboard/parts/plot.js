// A curve or several, in SVG: at most 300 points, drawn once a second; the numbers stand beside it as text.

import { h, show, svg } from "../dom.js";

const WIDTH = 600;
const HEIGHT = 160;

/** The highest value, made round: 1, 2 or 5 and zeros. */
function ceiling(value, least) {
  const most = Math.max(value, least);
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= most * 0.999);
}

/** Where the curve goes; breaks where there is no value. */
function path(values, top) {
  let drawn = "";
  let pen = "M";
  const step = WIDTH / Math.max(1, values.length - 1);
  values.forEach((value, index) => {
    if (Number.isNaN(value)) {
      pen = "M";
      return;
    }
    const y = HEIGHT - (Math.min(value, top) / top) * HEIGHT;
    drawn += `${pen}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    // A single point is a dot: round ends make it one.
    if (pen === "M" && Number.isNaN(values[index + 1] ?? NaN)) drawn += "h0";
    pen = "L";
  });
  return drawn;
}

class HubPlot extends HTMLElement {
  #lines = [];
  #top = null;
  #small = false;

  /** names: of the curves, in the order of their looks (solid, dashed, dotted); small: no axis, no words. */
  setup({ names = [], label = "", least = 1, small = false, foot = ["5 min ago", "now"] }) {
    this.least = least;
    this.#small = small;
    this.classList.toggle("small", small);
    this.#lines = names.map((_, index) => svg("path", { class: `curve c${index}`, "vector-effect": "non-scaling-stroke" }));
    const area = svg("path", { class: "area" });
    this.area = area;
    const rules = small ? [] : [0.25, 0.5, 0.75].map((at) => svg("path", { class: "rule", d: `M0 ${HEIGHT * at}H${WIDTH}`, "vector-effect": "non-scaling-stroke" }));
    const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label }, rules, area, this.#lines);
    this.#top = h("span", { class: "top" });
    show(this,
      h("div", { class: "sheet" }, drawing, small ? null : this.#top),
      small ? null : h("div", { class: "foot" }, h("span", {}, foot[0]), h("span", {}, foot[1])));
  }

  /** series: the values of each curve; unit(value): how the highest is written. */
  draw(series, unit = String) {
    const highest = Math.max(0, ...series.flat().filter((value) => !Number.isNaN(value)));
    const top = ceiling(highest, this.least);
    series.forEach((values, index) => this.#lines[index].setAttribute("d", path(values, top)));
    const whole = series[0].some(Number.isNaN) ? "" : `${path(series[0], top)}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`;
    this.area.setAttribute("d", whole);
    if (!this.#small) this.#top.textContent = unit(top);
  }
}

customElements.define("hub-plot", HubPlot);
