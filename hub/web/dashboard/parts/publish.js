// The publish box: send something, and see it come.

import { h, show } from "../dom.js";

const now = () => new Date().toISOString();
const KINDS = {
  contract: { name: "contract update", path: () => "/update", body: () => ({ contract_id: "external-123", location: "Mumbai", status: "active", timestamp: now() }) },
  test: { name: "test of a contract update", path: () => "/test/update", body: () => ({ contract_id: "external-123", location: "Mumbai", status: "active", timestamp: now() }) },
  job: { name: "job", path: () => "/api/jobs", body: () => ({ input_data: {}, metadata: { user_id: "user123" } }) },
  event: { name: "event of your own channel", path: (channel) => `/api/channels/${encodeURIComponent(channel)}/events`, body: () => ({ type: "hello", data: { said: "good morning" } }) },
};

class HubPublish extends HTMLElement {
  /** api: sends it; sent(channel): called when it was taken. */
  setup({ api, sent }) {
    const kind = h("select", { "aria-label": "What to send" }, Object.entries(KINDS).map(([value, { name }]) => h("option", { value }, name)));
    const channel = h("input", { "aria-label": "Channel", placeholder: "channel, such as demo.notes", hidden: true });
    const body = h("textarea", { rows: 7, "aria-label": "JSON", spellcheck: "false" });
    const said = h("p", { class: "said", role: "status" });
    const fill = () => {
      channel.hidden = kind.value !== "event";
      channel.required = kind.value === "event";
      body.value = JSON.stringify(KINDS[kind.value].body(), null, 2);
      body.setAttribute("aria-invalid", "false");
    };
    kind.addEventListener("change", fill);
    const send = async (event) => {
      event.preventDefault();
      said.className = "said fault";
      try {
        const value = JSON.parse(body.value);
        const answer = await api.send("POST", KINDS[kind.value].path(channel.value), value);
        said.className = "said quiet";
        said.textContent = answer.offset ? `Taken as ${answer.channel}:${answer.offset}.` : "Taken.";
        sent(answer.channel ?? (kind.value === "event" ? channel.value : null));
      } catch (error) {
        body.setAttribute("aria-invalid", String(error instanceof SyntaxError));
        said.textContent = error instanceof SyntaxError ? `This is no JSON: ${error.message}` : error.message;
      }
    };
    fill();
    show(this, h("form", { class: "publish", onsubmit: send }, h("div", { class: "line" }, kind, channel), body, h("div", { class: "line" }, h("button", { type: "submit" }, "Send"), said)));
  }
}

customElements.define("hub-publish", HubPublish);
