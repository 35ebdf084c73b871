// Small things that many views show.

import { h, mark, say, show } from "../dom.js";
import { linkTo } from "../router.js";
import { ago, time } from "../format.js";

const SIGNS = { active: "●", inactive: "○", DONE: "✓", FAILED: "✕", NEEDS_INPUT: "?", RUNNING: "▸", PENDING: "◦", delivered: "✓", dead: "✕", held: "❚❚", critical: "▲", warning: "△" };

/** A status in words, with a sign beside its colour: nobody needs to see colours. */
export function pill(status) {
  return turn(h("span", {}, h("span", { class: "sign", "aria-hidden": "true" }), h("span")), status);
}

/** Make the pill in an element that of a status; there may be none yet. */
export function turnPill(place, status) {
  const { firstChild: had } = place;
  if (had?.status === String(status)) return;
  if (had?.status === undefined) show(place, pill(status));
  else turn(had, status);
}

function turn(element, status) {
  const word = String(status);
  const [sign, name] = element.children;
  element.status = word;
  mark(element, "class", `pill ${word.toLowerCase().replaceAll(/[^a-z0-9_-]/g, "-")}`);
  mark(sign, "hidden", !SIGNS[word]);
  say(sign, SIGNS[word]);
  say(name, word);
  return element;
}

/** A time, the exact one at hand. */
export function when(text, { relative = false } = {}) {
  if (!text) return h("span", { class: "quiet" }, "–");
  const shown = relative ? ago(text) : time(text);
  return h("time", { datetime: text, title: text }, shown);
}

/** A position as a link to that moment. */
export function place(event) {
  const to = linkTo(event);
  if (!to) return h("code", { class: "place" }, event.test ? "test" : "volatile");
  return h("a", { class: "place", href: to, title: event.position }, `${event.channel}:${event.offset}`);
}

/** What to do where there is nothing. */
export function empty(title, ...more) {
  return h("div", { class: "empty" }, h("h3", {}, title), ...more);
}

/** Commands to copy. */
export function commands(text) {
  const copy = h("button", { type: "button", class: "plain copy", onclick: () => copied(copy, text) }, "Copy");
  return h("div", { class: "commands" }, h("pre", { tabindex: "0" }, h("code", {}, text)), copy);
}

/** Put a text into the clipboard, and say so on the button. */
export async function copied(button, text) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select and copy by hand";
  }
  setTimeout(() => (button.textContent = before), 1500);
}

/** A refusal in the hub's words: what may not be seen is said, not left blank. */
export function refusal(error) {
  const forbidden = error.status === 403;
  return h("div", { class: "empty", role: "alert" },
    h("h3", {}, forbidden ? "Your token does not open this" : "The hub could not say"),
    h("p", {}, error.message),
    error.help && h("p", {}, h("a", { href: error.help }, "What to do about it")));
}

/** A card with a heading. */
export function card(title, attributes, ...children) {
  const { class: more = "", ...rest } = attributes ?? {};
  return h("section", { class: `card ${more}`, "aria-label": title, ...rest }, h("h2", {}, title), ...children);
}
