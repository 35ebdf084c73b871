/** The two addresses of one hub: HTTP and WebSocket. @module */

const DEFAULT_URL = "http://127.0.0.1:8000";

/**
 * @typedef {object} Address
 * @property {string} http Base of every request, without a trailing slash.
 * @property {string} websocket The socket's full address, `/ws` or `/api/ws` included.
 */

/**
 * Work out both from one: http(s)://, ws(s)://, or a path of the page's own host.
 * @param {string | URL | null | undefined} url Else HUB_URL or WS_URI, else the page's own host.
 * @returns {Address}
 * @throws {TypeError} It is no such address.
 */
export function addressOf(url) {
  const page = globalThis.location?.href;
  const given = String(url ?? environment("HUB_URL") ?? environment("WS_URI") ?? (page ? "/" : DEFAULT_URL));
  const parsed = parse(given, page);
  const path = parsed.pathname.replace(/\/+$/, "");
  const socket = /\/ws$/.test(path);
  const base = path.replace(/\/ws$/, "").replace(/\/api$/, "");
  const secure = parsed.protocol === "https:" || parsed.protocol === "wss:";
  return {
    http: `${secure ? "https" : "http"}://${parsed.host}${socket ? base : path}`,
    websocket: `${secure ? "wss" : "ws"}://${parsed.host}${socket ? path : `${path}/ws`}`,
  };
}

/**
 * Return a variable of Node's environment; an empty one counts as unset, and so does one that an
 * orchestrator injects for a Service that is named hub.
 * @param {string} name
 * @returns {string | undefined}
 */
export function environment(name) {
  const value = /** @type {any} */ (globalThis).process?.env?.[name];
  return value && !/^(tcp|udp):/.test(value) ? value : undefined;
}

/**
 * Return the address of a page of the hub; null where that is none that a browser should open.
 * @param {string} page As the hub, or somebody between, has said it.
 * @param {string} base The hub's.
 */
export function pageAt(page, base) {
  let found;
  try {
    found = new URL(/^\/(?!\/)/.test(page) ? `${base}${page}` : page, `${base}/`);
  } catch {
    return null;
  }
  return /^https?:$/.test(found.protocol) ? found.href : null;
}

/**
 * @param {string} given
 * @param {string | undefined} page
 */
function parse(given, page) {
  let parsed;
  try {
    parsed = new URL(given, page?.startsWith("http") ? page : undefined);
  } catch {
    parsed = null;
  }
  if (!parsed || !/^(https?|wss?):$/.test(parsed.protocol) || !parsed.host) {
    throw new TypeError(`expected http(s)://host or ws(s)://host, got ${given}`);
  }
  return parsed;
}
