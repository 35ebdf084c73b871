/** When a page is looked at, online or awake again. @module */

/**
 * Call `wake` whenever a timer may be late and the network another one.
 * @param {() => void} wake
 * @returns {() => void} Ends it.
 */
export function watch(wake) {
  const { document, addEventListener, removeEventListener } = /** @type {any} */ (globalThis);
  if (typeof addEventListener !== "function") return () => {};
  const look = () => {
    if (!document || document.visibilityState !== "hidden") wake();
  };
  const names = ["online", "pageshow", "resume"];
  for (const name of names) globalThis.addEventListener(name, look);
  document?.addEventListener("visibilitychange", look);
  return () => {
    for (const name of names) globalThis.removeEventListener(name, look);
    document?.removeEventListener("visibilitychange", look);
    void removeEventListener;
  };
}
