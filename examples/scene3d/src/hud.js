/** What stands around the picture: cities, legend, numbers, and what to do where there is nothing. @module */

import { CITIES, STATUSES, cssOf } from "./looks.js";

const LEGEND = { active: "active: tall", inactive: "inactive: low", other: "any other: between" };
const SAYS = { connecting: "connecting …", connected: "live", disconnected: "disconnected" };

export class Hud {
  #buttons = new Map();
  #labels = new Map();
  #hinted = "";

  /** @param {(city: string) => void} toggle */
  constructor(toggle) {
    CITIES.forEach(({ name }, index) => {
      this.#buttons.set(name, button(name, index + 1, () => toggle(name)));
      this.#labels.set(name, element("div", "label", name));
    });
    part("cities").append(...this.#buttons.values());
    part("labels").append(...this.#labels.values());
    part("legend").append(...STATUSES.map(swatch));
  }

  /**
   * @param {{ state: string, retryInMs: number | null, reason: string }} state
   * @param {string} hub
   */
  connection({ state, reason }, hub) {
    const text = `${SAYS[/** @type {keyof SAYS} */ (state)]}${reason && state !== "connected" ? ` (${reason})` : ""}`;
    part("state").dataset.state = state;
    write("state", text);
    write("hub", hub);
  }

  /**
   * @param {string} city
   * @param {{ shown: boolean, ready: boolean, total: number, active: number }} now
   */
  city(city, { shown, ready, total, active }) {
    const one = this.#buttons.get(city);
    // What stands while the hub is away is what was last known, and is worth its number.
    const known = ready || total > 0;
    const count = !shown ? "hidden" : known ? `${active} of ${total} active` : "loading …";
    one.setAttribute("aria-pressed", String(shown));
    Object.assign(one.dataset, { total, active, ready });
    const text = one.querySelector(".count");
    if (text.textContent !== count) text.textContent = count;
  }

  /** @param {Record<string, string>} numbers By the id of where they stand. */
  numbers(numbers) {
    for (const [id, text] of Object.entries(numbers)) write(id, text);
  }

  /**
   * Put a city's name where it is in the picture.
   * @param {string} city
   * @param {{ left: number, top: number } | null} at Null: nowhere.
   */
  label(city, at) {
    const label = this.#labels.get(city);
    label.hidden = at === null;
    if (!at) return;
    const { clientWidth, clientHeight } = part("labels");
    const [left, top] = [at.left * clientWidth, at.top * clientHeight];
    label.style.transform = `translate(-50%, -100%) translate(${left.toFixed(1)}px, ${top.toFixed(1)}px)`;
  }

  /** @param {import("./hint.js").Hint | null} hint */
  hint(hint) {
    const said = JSON.stringify(hint);
    if (said === this.#hinted) return;
    this.#hinted = said;
    part("hint").hidden = hint === null;
    write("hint-title", hint?.title ?? "");
    write("hint-text", hint?.text ?? "");
    write("hint-command", hint?.command ?? "");
    part("hint-command").hidden = !hint?.command;
    part("hint-token").hidden = !hint?.asks;
  }
}

/**
 * Return a part of the page.
 * @param {string} id
 */
export function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * @param {string} id
 * @param {string} text
 */
function write(id, text) {
  const where = part(id);
  if (where.textContent !== text) where.textContent = text;
}

/**
 * @param {string} name
 * @param {number} key
 * @param {() => void} press
 */
function button(name, key, press) {
  const made = element("button", "city", "");
  made.dataset.city = name;
  made.setAttribute("aria-keyshortcuts", String(key));
  made.append(element("kbd", "", String(key)), element("span", "name", name), element("span", "count", ""));
  made.addEventListener("click", press);
  return made;
}

/** @param {string} status */
function swatch(status) {
  const line = element("li", status, LEGEND[/** @type {keyof LEGEND} */ (status)]);
  const colour = element("i", "", "");
  colour.style.background = cssOf(status);
  line.prepend(colour);
  return line;
}

/**
 * @param {string} tag
 * @param {string} name
 * @param {string} text
 */
function element(tag, name, text) {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}
