/** Pointer, wheel and keys, on the camera and the cities. @module */

import { CITIES } from "./looks.js";

/** Radians a pixel. */
const TURN = 0.006;

/**
 * Let people take the camera: one finger or the mouse turns it, two fingers or the wheel zoom.
 * @param {HTMLElement} canvas
 * @param {import("./orbit.js").Orbit} orbit
 */
export function pointers(canvas, orbit) {
  /** @type {Map<number, { x: number, y: number }>} */
  const down = new Map();
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    const apart = distance(down);
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (down.size === 2) orbit.pinch(Math.max(1, distance(down)) / Math.max(1, apart));
    if (down.size === 1) orbit.drag(TURN * (event.clientX - before.x), TURN * (event.clientY - before.y));
  });
  for (const over of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(over, (event) => down.delete(/** @type {PointerEvent} */ (event).pointerId));
  }
  const wheel = (/** @type {WheelEvent} */ event) => {
    event.preventDefault();
    orbit.pinch(Math.exp(-0.001 * event.deltaY));
  };
  canvas.addEventListener("wheel", wheel, { passive: false });
}

/**
 * 1 to 4 show and hide cities, arrows turn, + and - zoom, Home goes back, Space stops the circling.
 * @param {import("./orbit.js").Orbit} orbit
 * @param {(city: string) => void} toggle
 */
export function keys(orbit, toggle) {
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    const typing = target instanceof HTMLInputElement;
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const city = CITIES[Number(key) - 1];
    const pressing = target instanceof HTMLButtonElement;
    if (city && !event.repeat) toggle(city.name);
    else if (key === " " && !pressing) orbit.circling = !orbit.circling;
    else if (!orbit.press(key)) return;
    event.preventDefault();
  });
}

/** @param {Map<number, { x: number, y: number }>} down */
function distance(down) {
  const [one, other] = down.values();
  return one && other ? Math.hypot(one.x - other.x, one.y - other.y) : 0;
}
