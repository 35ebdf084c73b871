// Elements made by hand. Text is text: nothing here reads markup.

const SVG = "http://www.w3.org/2000/svg";

/** Make an HTML element: `onclick` and the like are listeners, true is an empty attribute, null is left out. */
export function h(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same in SVG. */
export function svg(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  put(made, children);
  return made;
}

function put(parent, children) {
  for (const child of children) {
    if (Array.isArray(child)) put(parent, child);
    else if (child !== null && child !== undefined && child !== false) parent.append(child);
  }
}

/** Replace what is in an element. */
export function show(parent, ...children) {
  parent.replaceChildren();
  put(parent, children);
}

/** Set a text only where it is another one: the browser then has nothing to lay out. */
export function say(element, text) {
  const wanted = String(text ?? "");
  const { firstChild: only } = element;
  // Of a text that stays only the letters change; another in its place would have its style found anew.
  if (only?.nodeType === Node.TEXT_NODE && !only.nextSibling) {
    if (only.data !== wanted) only.data = wanted;
  } else if (element.textContent !== wanted) element.textContent = wanted;
}

/** Set or take an attribute only where that changes something. */
export function mark(element, name, value) {
  const wanted = value === false || value === null || value === undefined ? null : value === true ? "" : String(value);
  if (element.getAttribute(name) === wanted) return;
  if (wanted === null) element.removeAttribute(name);
  else element.setAttribute(name, wanted);
}

/**
 * Make the children of a parent those of a list, keeping the elements of keys that stay.
 *
 * make(item) returns an element; change(element, item) brings it up to date.
 */
export function keyed(parent, items, keyOf, make, change) {
  const before = (parent.keyedChildren ??= new Map());
  const after = new Map();
  let place = parent.firstElementChild;
  for (const item of items) {
    let key = keyOf(item);
    // Two that are alike are two.
    while (after.has(key)) key = `${key}\0`;
    const element = before.get(key) ?? make(item);
    before.delete(key);
    after.set(key, element);
    change?.(element, item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const element of before.values()) element.remove();
  parent.keyedChildren = after;
}

/** A small drawing: stroked paths in a box of 24. */
export function icon(...paths) {
  const drawn = paths.map((d) => svg("path", { d }));
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, ...drawn);
}
