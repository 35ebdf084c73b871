/** A page for React: jsdom, as globals. Import it before react-dom. @module */

import { JSDOM } from "jsdom";

const { window } = new JSDOM('<main id="root"></main>', { url: "http://hub.test/" });
globalThis.window = window;
globalThis.document = window.document;
Object.defineProperty(globalThis, "navigator", { value: window.navigator, configurable: true });
globalThis.IS_REACT_ACT_ENVIRONMENT = true;

export const root = () => window.document.getElementById("root");
