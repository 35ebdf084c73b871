// What is on the screen as a command or a program: curl, Python, JavaScript, hub tail. Never with the token.

import { h, mark, show } from "../dom.js";
import { copied } from "./bits.js";

// Nothing of what is copied may be more than a word to a shell: a name may be anybody's.
const PLAIN = /^[A-Za-z0-9_.:/@%+=-]+$/;
// What a terminal would obey when it is pasted, and what turns the order of letters round.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g;
const HOMES = ["http://127.0.0.1:8000", "http://localhost:8000"];

/** One word of a shell's. */
function word(text) {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function escaped(letter) {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A JSON text that shows all of its letters. */
function literal(value) {
  return JSON.stringify(value).replaceAll(UNSEEN, escaped);
}

function python(value) {
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (value !== null && typeof value === "object") return `{${Object.entries(value).map(([name, one]) => `${literal(name)}: ${python(one)}`).join(", ")}}`;
  return { true: "True", false: "False", null: "None" }[typeof value === "string" ? "" : String(value)] ?? literal(value);
}

/** `FIELD=VALUE` as `hub tail` reads it: what is JSON too is meant either way, so a text that is JSON stands in quotes. */
function condition(name, value) {
  const bare = typeof value === "string" && value !== "" && value.search(UNSEEN) < 0 && !isJson(value);
  return `${name}=${bare ? value : literal(value)}`;
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function conditions(where) {
  return Object.entries(where ?? {}).flatMap(([name, values]) => {
    const some = [values].flat();
    // The text 5 beside the number 5 is what `hub tail` takes 5 for.
    const both = (value) => typeof value === "string" && some.some((other) => typeof other !== "string" && String(other) === value);
    return some.filter((value) => !both(value)).map((value) => `--where ${word(condition(name, value))}`);
  });
}

/** asked: { channel, where (or null), since (or null), token (whether one is needed) }. */
export function written({ channel, where, since, token }) {
  const { origin } = location;
  const query = new URLSearchParams({ channels: channel });
  if (where) query.set("where", JSON.stringify(where));
  if (since) query.set("since", `${since.slice(0, since.lastIndexOf(":"))};${channel}=${since.slice(since.lastIndexOf(":") + 1)}`);
  const options = [since && `since: ${literal(since)}`, where && `where: ${literal(where)}`].filter(Boolean).join(", ");
  const named = [since && `since=${python(since)}`, where && `where=${python(where)}`].filter(Boolean).map((text) => `, ${text}`).join("");
  const port = HOMES.includes(origin) ? [] : [`--url ${origin}`];
  return {
    curl: `curl -N ${token ? '-H "Authorization: Bearer $HUB_TOKEN" ' : ""}'${origin}/api/events?${String(query).replaceAll("'", "%27")}'`,
    Python: `from hub_client import MCPClient\n\nwith MCPClient(${literal(origin)}) as client:${token ? "  # HUB_TOKEN is in the environment" : ""}\n    for event in client.listen(${literal(channel)}${named}):\n        print(event.position, event.data)`,
    JavaScript: `import { HubClient } from "hub-client";\n\nconst hub = new HubClient(${literal(origin)}${token ? ", { getToken }" : ""});\nfor await (const event of hub.subscribe(${literal(channel)}${options ? `, { ${options} }` : ""})) {\n  console.log(event.position, event.data);\n}`,
    "hub tail": ["hub tail", word(channel), since && `--since ${word(since)}`, ...conditions(where), ...port].filter(Boolean).join(" "),
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
