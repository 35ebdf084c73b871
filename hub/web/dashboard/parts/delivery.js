// One delivery: its event, each attempt with what was sent and what was answered, and sending it again.

import { h, say, show } from "../dom.js";
import { bytes, delay } from "../format.js";
import { pill, place, when } from "./bits.js";

class HubDelivery extends HTMLElement {
  shown = null;
  #drawn = "";
  #bodies = new Map();

  /** api: reads; again(id): sends one again. */
  setup({ api, again }) {
    Object.assign(this, { api, again });
    show(this, h("p", { class: "quiet" }, "Choose a delivery: its attempts are shown here."));
  }

  async load(id) {
    const told = await this.api.get(`/api/deliveries/${encodeURIComponent(id)}`);
    this.shown = id;
    const text = JSON.stringify(told);
    if (text === this.#drawn) return;
    this.#drawn = text;
    this.#draw(told, await this.#body(told.event));
  }

  // What was sent is the event, byte for byte: it stands in the log under its position.
  async #body({ id, channel, offset }) {
    if (!offset) return null;
    if (!this.#bodies.has(id)) {
      const page = await this.api.get(`/api/channels/${encodeURIComponent(channel)}/history`, { since: offset - 1, limit: 1 }).catch(() => null);
      const found = page?.events[0];
      this.#bodies.set(id, found?.id === id ? { ...found, position: `${page.epoch}:${found.offset}` } : null);
    }
    return this.#bodies.get(id);
  }

  #draw(told, body) {
    const said = h("span", { class: "said fault", role: "alert" });
    const replay = h("button", { type: "button", onclick: async () => {
      replay.disabled = true;
      await this.again(told.id).catch((error) => say(said, error.message));
      replay.disabled = false;
    } }, told.ended_at ? "Send again" : "Send now");
    const { position, ...sent } = body ?? {};
    show(this,
      h("div", { class: "state" },
        h("div", { class: "line" }, pill(told.state), h("code", {}, told.id)),
        told.reason && h("p", { class: told.state === "dead" ? "fault" : "quiet" }, told.reason),
        h("p", { class: "quiet" }, "Event ", body ? place({ ...told.event, position }) : h("code", {}, told.event.id), ` ${told.event.type} · round ${told.round} · `, told.due_at ? ["next try ", when(told.due_at, { relative: true })] : ["ended ", when(told.ended_at)]),
        h("div", { class: "line" }, replay, said)),
      body && h("details", {}, h("summary", {}, "What is sent"), h("pre", { tabindex: 0 }, h("code", {}, JSON.stringify(sent, null, 2)))),
      h("h3", {}, told.tried.length ? "Attempts" : "It was not tried yet"),
      h("ol", { class: "attempts" }, told.tried.map((one) => attempt(one))));
  }
}

function attempt(one) {
  const { answer } = one;
  const times = [["name", one.dns_ms], ["connection", one.connect_ms], ["first byte", one.first_byte_ms], ["whole", one.total_ms]].filter(([, ms]) => ms !== null);
  return h("li", { class: one.failure ? "failed" : "taken" },
    h("p", { class: "line" }, h("b", {}, one.status === null ? one.failure : String(one.status)), one.failure && one.status !== null && h("span", { class: "fault" }, one.failure), when(one.at), h("span", { class: "quiet" }, `attempt ${one.number}`)),
    one.detail && h("p", { class: "fault" }, one.detail),
    h("dl", { class: "facts" },
      h("dt", {}, "request"), h("dd", {}, h("code", {}, `POST ${one.url}`), one.address && h("span", { class: "quiet" }, ` at ${one.address}`)),
      h("dt", {}, "times"), h("dd", {}, times.map(([name, ms]) => `${name} ${delay(ms)}`).join(" · ")),
      h("dt", {}, "sent"), h("dd", {}, h("code", {}, `sha256 ${one.sent_sha256.slice(0, 16)}…`), h("span", { class: "quiet" }, ` receipt ${one.receipt}`)),
      h("dt", {}, "answer"), h("dd", {}, answer.bytes ? `${bytes(answer.bytes)}${answer.encoding === "base64" ? ", no text" : ""}` : "empty")),
    answer.body && h("pre", { tabindex: 0 }, h("code", {}, answer.body)));
}

customElements.define("hub-delivery", HubDelivery);
