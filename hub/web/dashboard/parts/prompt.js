// The form that asks for a token: at the start, and when one is about to run out.

import { h, mark, say, show } from "../dom.js";

const WHAT_HAPPENED = {
  "": "",
  renew: "Your token is about to run out. Paste a newer one: you miss nothing.",
  token_expired: "The token has run out. Paste a newer one: the page goes on where it was.",
  token_revoked: "The token was revoked. Paste another one.",
};
const UNKNOWN = "The hub does not know this token. Was all of it copied?";

class HubPrompt extends HTMLElement {
  /** Called with a token that somebody has pasted. */
  enter = null;
  #input = null;

  /** why: the hub's word for what is wrong with the token; "": there was none. */
  ask(why) {
    // Asked again while somebody writes: what is written stays, and only what is said changes.
    const begins = this.hidden || !this.#input;
    if (begins) this.#build();
    const isUrgent = why !== "" && why !== "renew";
    const fault = WHAT_HAPPENED[why] ?? UNKNOWN;
    say(this.heading, why === "" ? "This hub wants to know who comes: paste a token" : "Paste a token");
    say(this.fault, fault);
    mark(this.fault, "class", isUrgent ? "fault" : "quiet");
    mark(this.#input, "aria-invalid", String(isUrgent));
    this.hidden = false;
    // Who is writing an answer elsewhere is not interrupted.
    if (begins && why !== "renew") this.#input.focus();
  }

  #build() {
    this.heading = h("label", { for: "token" });
    this.fault = h("p", { id: "token-fault", role: "alert" });
    this.#input = h("input", {
      id: "token",
      type: "password",
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      required: true,
      maxlength: 8192,
      "aria-describedby": "token-fault token-hint",
    });
    show(
      this,
      h("form", { class: "card identity", autocomplete: "off", onsubmit: (event) => this.#take(event) },
        h("h2", {}, this.heading),
        this.fault,
        h("div", { class: "line" }, this.#input, h("button", { type: "submit" }, "Enter")),
        h("p", { id: "token-hint", class: "quiet" },
          "An API key (", h("code", {}, "hub token create"), " makes one) or a JWT. It stays in this tab and is gone when the tab is closed."),
      ),
    );
  }

  #take(event) {
    event.preventDefault();
    const token = this.#input.value.trim().replace(/^bearer\s+/i, "");
    if (!token) return;
    this.hidden = true;
    this.#input = null;
    show(this);
    document.getElementById("main").focus();
    this.enter(token);
  }
}

customElements.define("hub-prompt", HubPrompt);
