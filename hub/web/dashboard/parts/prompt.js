// The form that asks for a token: at the start, and when one is about to run out.

import { h, show } from "../dom.js";

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

  /** why: the hub's word for what is wrong with the token; "": there was none. */
  ask(why) {
    this.hidden = false;
    const fault = WHAT_HAPPENED[why] ?? UNKNOWN;
    const input = h("input", {
      id: "token",
      type: "password",
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      required: true,
      maxlength: 8192,
      "aria-invalid": String(fault !== "" && why !== "renew"),
      "aria-describedby": "token-fault token-hint",
    });
    const take = (event) => {
      event.preventDefault();
      const token = input.value.trim().replace(/^bearer\s+/i, "");
      if (!token) return this.ask(why);
      this.hidden = true;
      show(this);
      document.getElementById("main").focus();
      this.enter(token);
    };
    show(
      this,
      h("form", { class: "card identity", autocomplete: "off", onsubmit: take },
        h("h2", {}, h("label", { for: "token" }, why === "" ? "This hub wants to know who comes: paste a token" : "Paste a token")),
        h("p", { id: "token-fault", class: why === "renew" ? "quiet" : "fault", role: "alert" }, fault),
        h("div", { class: "line" }, input, h("button", { type: "submit" }, "Enter")),
        h("p", { id: "token-hint", class: "quiet" },
          "An API key (", h("code", {}, "hub token create"), " makes one) or a JWT. It stays in this tab and is gone when the tab is closed."),
      ),
    );
    // Who is writing an answer elsewhere is not interrupted.
    if (why !== "renew") input.focus();
  }
}

customElements.define("hub-prompt", HubPrompt);
