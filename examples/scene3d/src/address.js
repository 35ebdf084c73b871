/** Which hub: `?hub=` of the page's address, else VITE_HUB_URL of the build, else port 8000 here. @module */

/**
 * @param {string} page The page's address.
 * @param {string} [built] VITE_HUB_URL.
 */
export function hubOf(page, built) {
  const { hostname, searchParams } = new URL(page);
  return searchParams.get("hub") || built || `http://${hostname}:8000`;
}

/**
 * Return under which name the token of a hub is kept: a link with another `?hub=` must not get it.
 * @param {string} hub
 */
export function tokenName(hub) {
  return `token of ${hub}`;
}
