/** When a page is looked at, online or awake again. @module */

/**
 * Call `wake` whenever a timer may be late and the network another one.
 * @param {() => void} wake
 * @returns {() => void} Ends it.
 */
export function watch(wake) {
  const { document, addEventListener } = /** @type {any} */ (globalThis);
  if (typeof addEventListener !== "function") return () => {};
  const look = () => {
    if (!document || document.visibilityState !== "hidden") wake();
  };
  /** @type {Array<[EventTarget | undefined, string]>} */
  const told = [
    [globalThis, "online"],
    [globalThis, "pageshow"],
    // A frozen tab that goes on; said of the document alone, and it does not bubble.
    [document, "resume"],
    [document, "visibilitychange"],
  ];
  for (const [target, name] of told) target?.addEventListener(name, look);
  return () => {
    for (const [target, name] of told) target?.removeEventListener(name, look);
  };
}
