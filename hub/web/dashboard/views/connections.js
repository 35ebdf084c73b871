// Connections: who is here, what each follows and how far it is, and sending somebody away.

import { h, keyed, mark, say, show } from "../dom.js";
import { ago, brief, bytes, count, many } from "../format.js";
import { card, commands, empty, pill, refusal } from "../parts/bits.js";
import { link } from "../router.js";
import { View } from "../view.js";
import { wire } from "../wire.js";

const SURE_MS = 4000;

class HubConnections extends View {
  #pages = [null]; // The place before which each page begins.

  start() {
    this.search = h("input", { type: "search", placeholder: "Search by principal, client or id", "aria-label": "Search connections" });
    this.late = h("input", { type: "checkbox" });
    this.counted = h("p", { class: "quiet counted", role: "status" });
    this.said = h("p", { class: "said quiet", role: "status" });
    this.rows = h("tbody");
    this.none = h("div", { hidden: true });
    this.older = h("button", { type: "button", class: "plain", hidden: true, onclick: () => this.#turn(1) }, "Older");
    this.newer = h("button", { type: "button", class: "plain", hidden: true, onclick: () => this.#turn(-1) }, "Newer");
    const head = [["who"], ["follows"], ["queue", "number"], ["frames", "number"], ["since"], [""]].map(([name, look]) => h(name ? "th" : "td", { scope: name ? "col" : null, class: look }, name));
    this.table = h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": "Connections" }, h("table", { class: "connections" }, h("thead", {}, h("tr", {}, head)), this.rows));
    show(this, card("Connections", {}, h("div", { class: "line tools" }, this.search, h("label", { class: "check" }, this.late, "only those that are behind")),
      this.counted, this.said, this.table, this.none, h("div", { class: "line under" }, this.newer, this.older)));
    this.refresh = this.every(2000, () => this.#load());
    this.on(this.search, "input", () => this.#from());
    this.on(this.late, "change", () => this.#from());
  }

  #from() {
    this.#pages = [null];
    this.refresh();
  }

  #turn(step) {
    if (step > 0) this.#pages.push(this.next);
    else this.#pages.pop();
    this.refresh();
  }

  async #load() {
    try {
      const before = this.#pages[this.#pages.length - 1];
      const told = await this.app.api.get("/api/connections", { search: this.search.value.trim(), behind: this.late.checked ? 1 : null, before });
      this.next = told.next;
      this.#draw(told);
    } catch (error) {
      this.table.hidden = true;
      this.none.hidden = false;
      show(this.none, refusal(error));
    }
  }

  #draw({ connections, matching, nodes, incomplete, next }) {
    const silent = incomplete.length ? `; no answer from ${incomplete.join(", ")}` : "";
    say(this.counted, `${many(matching, "connection")} on ${many(nodes.length, "node")}${silent}`);
    this.older.hidden = !next;
    this.newer.hidden = this.#pages.length === 1;
    this.table.hidden = connections.length === 0;
    if (this.none.hidden !== connections.length > 0) this.#drawNone(connections.length === 0);
    keyed(this.rows, connections, ({ client_id: id }) => id, (one) => this.#row(one), (row, one) => this.#fill(row, one));
  }

  #drawNone(isEmpty) {
    this.none.hidden = !isEmpty;
    if (isEmpty) show(this.none, empty("Nobody is like that", h("p", {}, "Change what is searched for; or be somebody:"), commands(`hub tail --url ${location.origin}`)));
  }

  #row(one) {
    const end = (text, comesBack) => {
      const button = h("button", { type: "button", class: comesBack ? "plain" : "danger", onclick: () => this.#sure(button, text, () => this.#end(one, comesBack)) }, text);
      return button;
    };
    return h("tr", {},
      h("th", { scope: "row" }, h("span"), h("small", { class: "quiet under-name", title: `${one.client_id} ${one.client}` }, `${program(one)} · ${brief(one.client_id)} · ${one.node}`)),
      h("td", {}, h("ul", { class: "follows" })), h("td", { class: "number" }), h("td", { class: "number" }), h("td"),
      h("td", {}, h("div", { class: "line ends" }, end("Reconnect", true), end("Disconnect", false))));
  }

  #fill(row, one) {
    const [who, follows, queue, frames, since] = row.children;
    say(who.firstChild, one.principal ?? "has not said who it is");
    if (wire.clients.has(one.client_id) && !who.querySelector(".own")) who.firstChild.after(h("span", { class: "quiet own" }, " this page"));
    say(queue, bytes(one.queued_bytes));
    say(frames, count(one.frames_out));
    say(since, ago(one.connected_at));
    mark(since, "title", one.connected_at);
    keyed(follows.firstChild, one.subscriptions, ({ channel }) => channel,
      ({ channel }) => h("li", {}, h("a", { class: "place" }, channel), h("span", { class: "quiet" }), h("span")),
      (item, { channel, position, behind, mode, where, conflate }) => {
        const [place, more, state] = item.children;
        say(place, position ? `${channel}:${position.slice(position.lastIndexOf(":") + 1)}` : channel);
        mark(place, "href", position ? link("inspect", `${channel}@${position}`) : link("inspect", channel));
        say(more, [where && JSON.stringify(where), conflate && `newest by ${conflate.key}, ${conflate.max_hz}/s`].filter(Boolean).join(" "));
        const word = mode === "live" && !behind ? "live" : `${mode} · ${count(behind)} behind`;
        if (state.word !== word) show(state, mode === "live" && !behind ? h("span", { class: "quiet" }, "live") : pill(word));
        state.word = word;
      });
  }

  // A second press within a few seconds: somebody else is cut off by it.
  #sure(button, text, act) {
    if (button.dataset.asked) return act();
    button.dataset.asked = "1";
    button.textContent = "Sure?";
    setTimeout(() => {
      delete button.dataset.asked;
      button.textContent = text;
    }, SURE_MS);
  }

  async #end({ client_id: id }, comesBack) {
    try {
      const told = await this.app.api.send("DELETE", `/api/connections/${encodeURIComponent(id)}${comesBack ? "?reconnect=true" : ""}`);
      say(this.said, `${brief(told.client_id)} was closed with ${told.close_code} ${told.code}.`);
    } catch (error) {
      say(this.said, error.message);
    }
    this.refresh();
  }
}

/** What a program calls itself; a browser in two words, not in ten. */
function program({ client, protocol }) {
  const [, name, version] = /(Edg|OPR|Firefox|Chrome|HeadlessChrome|Version)\/(\d+)/.exec(client) ?? [];
  const browser = name && `${{ Edg: "Edge", OPR: "Opera", Version: "Safari", HeadlessChrome: "Chrome" }[name] ?? name} ${version}`;
  return `${browser ?? (client || "no name")} · ${protocol}`;
}

customElements.define("hub-connections", HubConnections);
