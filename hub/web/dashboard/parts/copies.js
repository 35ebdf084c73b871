// What is on the screen as a command or a program: curl, Python, JavaScript, hub tail. Never with the token.

import { h, mark, show } from "../dom.js";
import { copied } from "./bits.js";

const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;
const python = (value) => JSON.stringify(value).replaceAll(/\btrue\b/g, "True").replaceAll(/\bfalse\b/g, "False").replaceAll(/\bnull\b/g, "None");

/** asked: { channel, where (or null), since (or null), token (whether one is needed) }. */
export function written({ channel, where, since, token }) {
  const { origin } = location;
  const query = new URLSearchParams({ channels: channel });
  if (where) query.set("where", JSON.stringify(where));
  if (since) query.set("since", `${since.slice(0, since.lastIndexOf(":"))};${channel}=${since.slice(since.lastIndexOf(":") + 1)}`);
  const pairs = Object.entries(where ?? {}).flatMap(([name, values]) => [values].flat().map((value) => `--where ${quoted(`${name}=${value}`)}`));
  const options = [since && `since: ${JSON.stringify(since)}`, where && `where: ${JSON.stringify(where)}`].filter(Boolean).join(", ");
  const named = [since && `since=${python(since)}`, where && `where=${python(where)}`].filter(Boolean).map((text) => `, ${text}`).join("");
  const port = origin === "http://127.0.0.1:8000" || origin === "http://localhost:8000" ? [] : [`--url ${origin}`];
  return {
    curl: `curl -N ${token ? '-H "Authorization: Bearer $HUB_TOKEN" ' : ""}${quoted(`${origin}/api/events?${query}`)}`,
    Python: `from hub_client import MCPClient\n\nwith MCPClient(${JSON.stringify(origin)}) as client:${token ? "  # HUB_TOKEN is in the environment" : ""}\n    for event in client.listen(${JSON.stringify(channel)}${named}):\n        print(event.position, event.data)`,
    JavaScript: `import { HubClient } from "hub-client";\n\nconst hub = new HubClient(${JSON.stringify(origin)}${token ? ", { getToken }" : ""});\nfor await (const event of hub.subscribe(${JSON.stringify(channel)}${options ? `, { ${options} }` : ""})) {\n  console.log(event.position, event.data);\n}`,
    "hub tail": ["hub tail", channel, since && `--since ${since}`, ...pairs, ...port].filter(Boolean).join(" "),
  };
}

class HubCopies extends HTMLElement {
  #kind = "curl";
  #texts = {};

  connectedCallback() {
    if (this.tabs) return;
    this.tabs = h("div", { class: "line", role: "group", "aria-label": "Copy as" });
    this.code = h("code");
    this.button = h("button", { type: "button", class: "plain copy", onclick: () => copied(this.button, this.#texts[this.#kind]) }, "Copy");
    show(this, this.tabs, h("div", { class: "commands" }, h("pre", { tabindex: 0 }, this.code), this.button));
  }

  set asked(asked) {
    this.#texts = written(asked);
    if (!this.tabs.firstChild) {
      show(this.tabs, Object.keys(this.#texts).map((kind) => h("button", { type: "button", class: "plain", onclick: () => this.#choose(kind) }, kind)));
    }
    this.#choose(this.#kind);
  }

  #choose(kind) {
    this.#kind = kind;
    this.code.textContent = this.#texts[kind];
    for (const tab of this.tabs.children) mark(tab, "aria-pressed", String(tab.textContent === kind));
  }
}

customElements.define("hub-copies", HubCopies);
