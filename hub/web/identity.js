// Who looks: a token that is kept for this tab only, and the form that asks for one.

const KEY = "hub.token";

const at = (id) => document.getElementById(id);

const WHAT_HAPPENED = {
  token_expired: "The token has run out. Paste a newer one.",
  token_revoked: "The token was revoked. Paste another one.",
};
const UNKNOWN = "The hub does not know this token. Was all of it copied?";

export class Identity {
  #token = "";

  // enter: called with a token that somebody has pasted.
  constructor(enter) {
    try {
      this.#token = sessionStorage.getItem(KEY) ?? "";
    } catch {
      // A browser that stores nothing: the token is good until the page is loaded again.
    }
    at("identity").addEventListener("submit", (event) => {
      event.preventDefault();
      const token = at("token").value.trim().replace(/^bearer\s+/i, "");
      if (!token) return this.ask("");
      this.#keep(token);
      at("token").value = "";
      this.#show(false);
      at("main").focus();
      enter(token);
    });
    at("forget").addEventListener("click", () => {
      this.#keep("");
      // What this token has shown goes, too.
      location.reload();
    });
  }

  get token() {
    return this.#token;
  }

  // happened: the hub's word for what is wrong with the token; empty: there was none.
  ask(happened) {
    this.#keep("");
    this.#show(true);
    at("forget").hidden = true;
    at("who").textContent = "";
    this.#blame(happened && (WHAT_HAPPENED[happened] ?? UNKNOWN));
    at("token").focus();
  }

  known(principal) {
    this.#show(false);
    this.#blame("");
    at("forget").hidden = false;
    at("who").textContent = principal;
  }

  #blame(text) {
    at("token-fault").textContent = text;
    at("token").setAttribute("aria-invalid", String(text !== ""));
  }

  #show(asks) {
    at("identity").hidden = !asks;
    at("main").classList.toggle("unknown", asks);
  }

  #keep(token) {
    this.#token = token;
    try {
      if (token) sessionStorage.setItem(KEY, token);
      else sessionStorage.removeItem(KEY);
    } catch {
      // See above.
    }
  }
}
