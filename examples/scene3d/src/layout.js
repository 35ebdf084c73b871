/** Where buildings stand: on a square spiral around their city's middle, in metres. @module */

/** From the middle of a building to that of the next. */
export const PITCH = 1.6;
/** How wide a building is. */
export const WIDTH = 1.05;
/** Between the plots of two cities. */
const STREET = 5;

/**
 * Return where a slot is: 0 in the middle, the others around it, ring after ring, so that a city
 * grows without moving what stands.
 * @param {number} slot
 * @returns {{ x: number, z: number }}
 */
export function spot(slot) {
  const ring = ringOf(slot);
  if (ring === 0) return { x: 0, z: 0 };
  const side = 2 * ring;
  const [along, edge] = [(slot - (side - 1) ** 2) % side, Math.floor((slot - (side - 1) ** 2) / side)];
  const corner = along - ring;
  const [x, z] = [
    [ring, corner + 1],
    [-corner - 1, ring],
    [-ring, -corner - 1],
    [corner + 1, -ring],
  ][edge];
  return { x: x * PITCH, z: z * PITCH };
}

/**
 * Return half the side of a plot that holds this many slots; one that is empty has room for nine.
 * @param {number} slots
 */
export function halfOf(slots) {
  return (Math.max(1, ringOf(slots - 1)) + 0.75) * PITCH;
}

/**
 * Return how far apart cities lie when the greatest plot has this half side.
 * @param {number} half
 */
export function spread(half) {
  return 2 * half + STREET;
}

/** @param {number} slot */
function ringOf(slot) {
  return slot <= 0 ? 0 : Math.ceil((Math.sqrt(slot + 1) - 1) / 2);
}
