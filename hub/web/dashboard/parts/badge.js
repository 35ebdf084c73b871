// The connection in one badge: what it is doing, why, the page that helps, and when it tries again.

import { h, show } from "../dom.js";

const WORDS = { connecting: "connecting", connected: "live", disconnected: "disconnected" };

class HubBadge extends HTMLElement {
  #until = 0;
  #timer = 0;
  #state = null;

  connectedCallback() {
    this.setAttribute("role", "status");
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  /** state: that of the client. */
  set state(state) {
    clearInterval(this.#timer);
    this.#state = state;
    this.#until = state.retryInMs === null ? 0 : performance.now() + state.retryInMs;
    if (this.#until) this.#timer = setInterval(() => this.#count(), 1000);
    this.#draw();
  }

  #draw() {
    const { state, reason, code, help, message } = this.#state;
    const told = state !== "connected" && reason && reason !== "not_connected";
    this.className = `badge ${state}`;
    this.title = message ?? "";
    const why = told && h("span", { class: "why" }, reason, code !== null && h("span", { class: "code" }, ` ${code}`));
    const left = this.#until ? h("span", { class: "left", "aria-hidden": "true" }) : null;
    const page = told && help && help.includes("/docs/") && h("a", { href: new URL(help, location.href).pathname }, "why?");
    show(this, h("span", { class: "word" }, WORDS[state]), why, left, page);
    this.#count();
  }

  #count() {
    const left = this.querySelector(".left");
    if (left) left.textContent = `again in ${Math.max(0, Math.ceil((this.#until - performance.now()) / 1000))} s`;
  }
}

customElements.define("hub-badge", HubBadge);
