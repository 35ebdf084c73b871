/** What comes out of a query, as values that nobody changes. @module */

/** @typedef {import("./position.js").Stand} Stand */

/**
 * @param {import("./frames.js").Push} push
 * @param {string | null} position
 * @returns {import("./outputs.js").HubEvent}
 */
export function eventOf(push, position) {
  const { before: _, ...told } = push;
  return Object.freeze({ ...told, position });
}

/**
 * @param {string} channel
 * @param {any[]} items
 * @param {Stand | null} at
 * @returns {import("./outputs.js").Snapshot}
 */
export function snapshotOf(channel, items, at) {
  const { epoch, offset } = at ?? { epoch: "", offset: 0 };
  return Object.freeze({ type: "snapshot", channel, items, offset, position: `${epoch}:${offset}` });
}

/**
 * @param {string} channel
 * @param {Stand | null} was
 * @param {Stand} at
 * @param {string} reason
 * @param {string | null} help
 * @returns {import("./outputs.js").Gap}
 */
export function gapOf(channel, was, at, reason, help) {
  const position = `${at.epoch}:${at.offset}`;
  return Object.freeze({ channel, fromOffset: was?.offset ?? 0, toOffset: at.offset, reason, position, help });
}
