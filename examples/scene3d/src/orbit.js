/** A camera that circles around the scene until somebody takes it. Angles in radians. @module */

const [LOWEST, HIGHEST] = [0.15, 1.45];
const [NEAREST, FARTHEST] = [0.3, 2.5];
const [STEP, ZOOM] = [0.12, 1.15];
/** A second. */
const TURN = 0.06;
/** Seconds after the last touch until it circles on. */
const REST_S = 8;
/** How far it sees to both sides, up and down. */
export const VIEW = (38 * Math.PI) / 180;

export class Orbit {
  azimuth = 0.5;
  elevation = 0.7;
  zoom = 1;
  /** Whether it circles by itself. */
  circling;
  #rest = 0;
  #changed = true;

  /** @param {boolean} reduced Whether nothing shall move by itself. */
  constructor(reduced) {
    this.circling = !reduced;
  }

  /**
   * Turn by hand.
   * @param {number} right Radians.
   * @param {number} down Radians.
   */
  drag(right, down) {
    this.azimuth -= right;
    this.elevation = between(LOWEST, this.elevation + down, HIGHEST);
    this.#touched();
  }

  /**
   * Come nearer, by a factor above 1, or go farther.
   * @param {number} factor
   */
  pinch(factor) {
    this.zoom = between(NEAREST, this.zoom / factor, FARTHEST);
    this.#touched();
  }

  /**
   * Take a key; say whether it means something here.
   * @param {string} key As in `KeyboardEvent.key`.
   */
  press(key) {
    const does = {
      ArrowLeft: () => this.drag(-STEP, 0),
      ArrowRight: () => this.drag(STEP, 0),
      ArrowUp: () => this.drag(0, STEP),
      ArrowDown: () => this.drag(0, -STEP),
      "+": () => this.pinch(ZOOM),
      "=": () => this.pinch(ZOOM),
      "-": () => this.pinch(1 / ZOOM),
      Home: () => this.#home(),
    }[key];
    does?.();
    return does !== undefined;
  }

  /**
   * Go on by a frame.
   * @param {number} seconds
   * @returns {boolean} Whether it is elsewhere than before.
   */
  step(seconds) {
    this.#rest = Math.max(0, this.#rest - seconds);
    const turns = this.circling && this.#rest === 0;
    if (turns) this.azimuth += TURN * seconds;
    const changed = this.#changed || turns;
    this.#changed = false;
    return changed;
  }

  /**
   * Return where it is, so that all within the radius is seen.
   * @param {number} radius Metres.
   * @param {number} aspect Width of the picture by its height.
   */
  place(radius, aspect) {
    const distance = (this.zoom * radius) / Math.tan(VIEW / 2) / Math.min(1.05, 0.95 * aspect);
    const flat = Math.cos(this.elevation) * distance;
    return {
      x: Math.sin(this.azimuth) * flat,
      y: Math.sin(this.elevation) * distance,
      z: Math.cos(this.azimuth) * flat,
    };
  }

  #home() {
    Object.assign(this, { azimuth: 0.5, elevation: 0.7, zoom: 1 });
    this.#touched();
  }

  #touched() {
    this.#rest = REST_S;
    this.#changed = true;
  }
}

/**
 * @param {number} least
 * @param {number} value
 * @param {number} most
 */
function between(least, value, most) {
  return Math.min(most, Math.max(least, value));
}
