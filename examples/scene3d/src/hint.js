/** What to say where there is nothing to see: what is the matter, and what to do. @module */

/**
 * @typedef {object} Hint
 * @property {string} title
 * @property {string} text
 * @property {string} [command] To be typed into a terminal.
 * @property {boolean} [asks] Whether a token is asked for.
 */

const TOKENS = new Set(["unauthenticated", "token_expired", "http_401"]);

/**
 * Return what to say, or null where the scene speaks for itself.
 * @param {object} now
 * @param {{ state: string, code: number | null, reason: string, message: string }} now.state The client's.
 * @param {{ reason?: string, message: string } | null} now.error Why a subscription ended.
 * @param {number} now.shown Cities that are shown.
 * @param {boolean} now.ready Whether all of them have their snapshot.
 * @param {number} now.buildings
 * @param {string} now.hub Its address.
 * @param {string} now.origin Of this page.
 * @returns {Hint | null}
 */
export function hintFor({ state, error, shown, ready, buildings, hub, origin }) {
  if (state.state === "disconnected") return refused(state, hub, origin);
  if (error !== null) return { title: "The hub has refused this.", text: error.message };
  if (state.state === "connecting" && buildings === 0) return absent(state, hub, origin);
  if (shown === 0) return { title: "All cities are hidden.", text: "Show one: keys 1 to 4, or its name." };
  if (ready && buildings === 0) {
    return {
      title: "There are no contracts yet.",
      text: "A building grows here as soon as the hub hears of one:",
      command: `curl ${hub}/update -H 'Content-Type: application/json' -d '{"contract_id": "c-1", "location": "Mumbai", "status": "active", "timestamp": "2026-01-01T12:00:00"}'`,
    };
  }
  return null;
}

/**
 * @param {{ code: number | null, reason: string, message: string }} state
 * @param {string} hub
 * @param {string} origin
 * @returns {Hint}
 */
function refused({ code, reason, message }, hub, origin) {
  if (TOKENS.has(reason) || code === 401 || code === 4501) {
    return { title: "This hub asks who you are.", text: `A token of ${hub}:`, asks: true };
  }
  if (reason === "foreign_origin") {
    const text = `${hub} must be told that pages of ${origin} may ask. Start it with:`;
    return { title: "The hub does not know this page.", text, command: `CORS_ORIGINS=${origin} make demo` };
  }
  return { title: "The hub does not want us back.", text: message || reason };
}

/**
 * @param {{ reason: string }} state
 * @param {string} hub
 * @param {string} origin
 * @returns {Hint | null}
 */
function absent({ reason }, hub, origin) {
  if (reason === "" || reason === "not_connected") return null;
  const text = `Nobody answers at ${hub}. This page tries on by itself; in another terminal:`;
  return { title: "There is no hub.", text, command: `CORS_ORIGINS=${origin} make demo` };
}
