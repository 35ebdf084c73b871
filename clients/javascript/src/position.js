/**
 * A position: how far a reader has come in a channel, as a string that can be stored.
 *
 * It reads `epoch:12`. The epoch names the log that was counted; offsets of another epoch mean
 * nothing in this one. The id of a server-sent event, `epoch;contracts=17;jobs=4`, is read too.
 * @module
 */

/**
 * @typedef {object} Stand Where a reader stands: everything up to `offset` was seen.
 * @property {string} epoch
 * @property {number} offset
 */

const OFFSET = /^[0-9]{1,15}$/;

/**
 * Read a position of one channel; null where a form for several does not name it.
 * @param {unknown} since
 * @param {string} channel
 * @returns {Stand | null}
 * @throws {TypeError} It is neither form.
 */
export function parse(since, channel) {
  if (typeof since === "object" && since !== null) {
    const { epoch, offset } = /** @type {Partial<Stand>} */ (since);
    return stand(epoch, String(offset), JSON.stringify(since));
  }
  const text = String(since);
  if (!text.includes(";")) {
    const at = text.lastIndexOf(":");
    return stand(text.slice(0, Math.max(at, 0)), text.slice(at + 1), text);
  }
  const [epoch, ...pairs] = text.split(";");
  for (const pair of pairs) {
    const at = pair.lastIndexOf("=");
    const found = stand(epoch, pair.slice(at + 1), text);
    if (pair.slice(0, Math.max(at, 0)) === channel) return found;
  }
  return null;
}

/** @param {Stand | null} stand */
export function render(stand) {
  return stand && `${stand.epoch}:${stand.offset}`;
}

/**
 * @param {Stand | null} one
 * @param {Stand | null} other
 */
export function same(one, other) {
  return one === other || (one?.epoch === other?.epoch && one?.offset === other?.offset);
}

/**
 * @param {unknown} epoch
 * @param {string} digits
 * @param {string} text
 * @returns {Stand}
 */
function stand(epoch, digits, text) {
  if (typeof epoch !== "string" || !epoch || !OFFSET.test(digits)) {
    throw new TypeError(
      `expected since as "epoch:offset" or "epoch;channel=offset;…", got ${text.slice(0, 80)}`,
    );
  }
  return { epoch, offset: Number(digits) };
}
