// The inspector: what comes over the wire, with its positions and gaps; and a box to send something.

import "../parts/copies.js";
import "../parts/log.js";
import "../parts/publish.js";
import { h, mark, say, show } from "../dom.js";
import { follow, gap } from "../follow.js";
import { count } from "../format.js";
import { card, copied, empty, refusal } from "../parts/bits.js";
import { link, linkTo } from "../router.js";
import { View } from "../view.js";
import { fits, pair, whereOf } from "../where.js";
import { wire } from "../wire.js";

const AROUND = 25;
const FAR = 500; // How far to look for so many that a filter lets through.
const BEGIN = 100;
// Of an address, which may be anybody's: what is none is not followed, and nowhere written as a command.
const TARGET = /^([a-z0-9][a-z0-9._:-]{0,127})(?:@([A-Za-z0-9_-]{1,64}):(\d{1,15}))?$/;

class HubInspector extends View {
  #subscription = null;
  #channel = "contracts";
  #moment = null; // { epoch, offset }: a moment that is looked at, instead of what comes.
  #since = null;
  #unknown = ""; // What is wrong with the address.
  #wire = false;
  #turn = 0; // How often it has begun to show something else.

  start() {
    this.#read(this.route);
    this.#build();
    this.on(wire, "frame", () => this.#wire && this.log.add({ frame: wire.frames[wire.frames.length - 1] }));
    this.on(this.app.store, "replayed", ({ detail }) => !this.#wire && this.app.store.replay && this.log.add({ event: detail }));
    void this.#loadChannels();
    this.#begin();
  }

  stop() {
    this.#subscription?.close();
  }

  moved(route) {
    if (route.view !== "inspect") return false;
    this.route = route;
    this.#read(route);
    this.channels.value = this.#channel;
    this.#begin();
    return true;
  }

  #read({ parts: [target = "contracts"], query }) {
    const [, channel = "contracts", epoch, offset] = TARGET.exec(target) ?? [];
    this.#channel = channel;
    this.#moment = offset ? { epoch, offset: Number(offset) } : null;
    this.#since = null;
    this.#unknown = TARGET.test(target) ? "" : `expected a channel, or channel@epoch:offset, got ${target}`;
    const id = query.get("contract_id");
    this.asked = id ? pair("contract_id", id) : (this.where?.value ?? "");
    if (this.where && id) this.where.value = this.asked;
  }

  #build() {
    this.channels = h("select", { "aria-label": "Channel", onchange: () => (location.hash = link("inspect", this.channels.value)) });
    this.where = h("input", { "aria-label": "Filter by the hub", placeholder: "where: location=Mumbai", value: this.asked, onchange: () => this.#begin() });
    this.word = h("input", { type: "search", "aria-label": "Filter what is shown", placeholder: "has these letters", oninput: () => this.#filter() });
    this.pause = h("button", { type: "button", class: "plain", "aria-pressed": "false", onclick: () => this.#pause() }, "Pause");
    this.mode = h("button", { type: "button", class: "plain", "aria-pressed": "false", title: "Every frame of this page's connections, as it is", onclick: () => this.#frames() }, "Wire");
    this.fault = h("p", { class: "fault", role: "alert" });
    this.banner = h("div", { class: "banner line", hidden: true });
    this.counted = h("p", { class: "quiet counted", role: "status" });
    this.log = h("hub-log", { onpick: ({ detail }) => this.#pick(detail), ondrawn: () => this.#count() });
    this.picked = h("div");
    this.copies = h("hub-copies");
    const publish = h("hub-publish");
    publish.setup({ api: this.app.api, sent: (channel) => channel && void this.#loadChannels() });
    show(this, h("div", { class: "columns inspector" },
      card("Inspector", {}, h("div", { class: "line tools" }, this.channels, this.pause, this.mode, h("button", { type: "button", class: "plain", onclick: () => this.log.clear() }, "Clear")),
        h("div", { class: "line tools" }, this.where, this.word), this.fault, this.banner, this.counted, this.log),
      h("div", {}, card("Event", {}, this.picked), card("Copy as", {}, this.copies), card("Send", {}, publish))));
    this.#pick(null);
  }

  #begin() {
    this.fault.textContent = this.#unknown;
    this.#unknown = "";
    let where;
    try {
      where = whereOf(this.where.value);
    } catch (error) {
      this.fault.textContent = error.message;
      return;
    }
    this.#turn += 1;
    this.#subscription?.close();
    this.#subscription = null;
    this.log.clear();
    this.copies.asked = { channel: this.#channel, where, since: this.#since ?? this.#position(this.#moment), token: Boolean(this.app.session.token) };
    this.banner.hidden = !this.#moment;
    if (this.#wire) this.log.add(...wire.frames.slice(-BEGIN).map((frame) => ({ frame, at: frame.at })));
    else if (this.#moment) void this.#look(this.#moment, where);
    else {
      const from = this.#since ? { since: this.#since } : { history: BEGIN };
      this.#subscription = follow(this.app.session.hub, this.#channel, { where, ...from }, (entry) => this.log.add(entry));
    }
  }

  #position(moment) {
    return moment && `${moment.epoch}:${moment.offset}`;
  }

  // A moment: what is around an offset, from the log; of that what a filter lets through, and the event itself.
  async #look({ epoch, offset }, where) {
    const turn = this.#turn;
    const channel = this.#channel;
    const far = where ? FAR : AROUND;
    const first = Math.max(0, offset - far);
    show(this.banner, h("b", {}, `${channel}:${offset}`), h("span", { class: "quiet" }, where ? "and what fits around it, from the log" : "and what is around it, from the log"),
      h("button", { type: "button", class: "plain", onclick: () => this.#go(`${epoch}:${offset}`) }, "Go on from here"),
      h("button", { type: "button", class: "plain", onclick: () => this.app.travel?.from(channel, { epoch, offset }) }, "Replay from here"),
      h("a", { class: "button plain", href: link("inspect", channel) }, "Live"));
    try {
      const page = await this.app.api.get(`/api/channels/${encodeURIComponent(channel)}/history`, { since: first, limit: 2 * far, epoch });
      // Meanwhile something else may be what is asked for.
      if (turn !== this.#turn) return;
      if (!page.complete) this.log.add(page.reason === "epoch_changed" ? gap({ reason: page.reason }) : gap({ fromOffset: first, toOffset: page.oldest - 1, reason: page.reason ?? "expired" }));
      this.log.add(...around(page.events, offset, where).map((event) => ({ event: { test: false, ...event, position: `${page.epoch}:${event.offset}` } })));
      this.log.pickAt(offset);
    } catch (error) {
      if (turn === this.#turn) show(this.picked, refusal(error));
    }
  }

  #go(since) {
    this.#moment = null;
    this.#since = since;
    this.#begin();
  }

  async #loadChannels() {
    const known = await this.app.api.get("/api/channels").then(({ channels }) => channels.map((one) => one.channel)).catch(() => ["contracts", "jobs"]);
    const all = [...new Set([this.#channel, ...known])].sort();
    if ([...this.channels.options].map((one) => one.value).join() === all.join()) return;
    show(this.channels, all.map((name) => h("option", { value: name, selected: name === this.#channel }, name)));
  }

  #pause() {
    if (this.log.paused) this.log.resume();
    else this.log.paused = true;
    mark(this.pause, "aria-pressed", String(this.log.paused));
    this.#count();
  }

  #frames() {
    this.#wire = !this.#wire;
    mark(this.mode, "aria-pressed", String(this.#wire));
    this.#begin();
  }

  #filter() {
    this.log.filter = this.word.value;
    this.log.redraw();
  }

  #count() {
    const held = this.log.paused ? ` · paused, ${count(this.log.held)} wait` : "";
    say(this.counted, `${count(this.log.size)} shown${held}`);
    say(this.pause, this.log.paused ? "Go on" : "Pause");
  }

  #pick(entry) {
    if (!entry) return show(this.picked, empty("Choose an event", h("p", {}, "It is shown here whole, with a link to its moment.")));
    const { event, frame } = entry;
    const text = frame ? pretty(frame.text) : JSON.stringify(event, null, 2);
    const to = event && linkTo(event);
    const copy = h("button", { type: "button", class: "plain", onclick: () => copied(copy, text) }, "Copy JSON");
    const address = to && h("button", { type: "button", class: "plain", onclick: () => copied(address, new URL(to, location.href).href) }, "Copy link");
    show(this.picked, h("pre", { tabindex: 0 }, h("code", {}, text)), h("div", { class: "line under" }, copy, address,
      to && h("a", { href: to }, "This moment"), event?.data?.job_id && h("a", { href: link("jobs", event.data.job_id) }, "Job")));
  }
}

/** The events nearest to an offset, of those that a filter lets through, and the one at it. */
function around(events, offset, where) {
  const found = events.filter((event) => event.offset === offset || fits(event, where));
  const at = found.findIndex((event) => event.offset >= offset);
  const middle = at < 0 ? found.length : at;
  return found.slice(Math.max(0, middle - AROUND), middle + AROUND);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

customElements.define("hub-inspector", HubInspector);
