// Time travel: choose a window, watch it again at 1 to 20 times its speed, then be live again.

import { h, mark, say, show } from "../dom.js";
import { span, time } from "../format.js";
import { load, Replay } from "../replay.js";

const WINDOWS = [1, 5, 15, 60];
const SPEEDS = [1, 2, 5, 10, 20];

class HubTravel extends HTMLElement {
  #app = null;
  #replay = null;
  #speed = 10;

  setup(app) {
    this.#app = app;
    this.close();
  }

  /** Ask which window. */
  open() {
    if (this.#replay) return this.close();
    if (!this.hidden) return this.close();
    this.hidden = false;
    const from = h("input", { type: "datetime-local", step: 1, "aria-label": "From" });
    this.fault = h("p", { class: "fault", role: "alert" });
    show(this, h("div", { class: "line travel" },
      h("b", {}, "See again the last"),
      WINDOWS.map((minutes) => h("button", { type: "button", class: "plain", onclick: () => this.#begin(Date.now() - minutes * 60_000) }, `${minutes} min`)),
      h("span", { class: "quiet" }, "or from"), from,
      h("button", { type: "button", class: "plain", onclick: () => from.value && this.#begin(new Date(from.value).getTime()) }, "Go"),
      this.#speeds(), h("button", { type: "button", class: "plain", onclick: () => this.close() }, "Close")), this.fault);
    this.querySelector("button").focus();
  }

  /** Begin at the moment of an event. */
  async from(channel, { epoch, offset }) {
    this.hidden = false;
    this.fault = h("p", { class: "fault", role: "alert" });
    show(this, this.fault);
    try {
      const { events } = await this.#app.api.get(`/api/channels/${channel}/history`, { since: offset - 1, limit: 1, epoch });
      if (!events.length) throw new Error("This moment is not in the log any more.");
      await this.#begin(Date.parse(events[0].timestamp));
    } catch (error) {
      this.fault.textContent = error.message;
    }
  }

  /** Be live. */
  close() {
    this.#replay?.stop();
    this.#replay = null;
    this.hidden = true;
    show(this);
    document.body.classList.remove("past");
  }

  async #begin(at) {
    if (!(at < Date.now())) {
      this.fault.textContent = "Choose a moment in the past.";
      return;
    }
    this.fault.textContent = "";
    this.setAttribute("aria-busy", "true");
    try {
      const told = await load(this.#app.api, at);
      if (!told.timed.length) {
        this.fault.textContent = "Nothing happened in this window. Choose a longer one.";
        return;
      }
      // Waiting for the first event shows nothing: begin just before it.
      this.#play(told, Math.max(at, told.timed[0].at - 1000));
    } catch (error) {
      this.fault.textContent = error.message;
    } finally {
      this.removeAttribute("aria-busy");
    }
  }

  #play(told, from) {
    this.#replay?.stop();
    const replay = new Replay(this.#app.store, told, from);
    this.#replay = replay;
    replay.speed = this.#speed;
    // Who wants no motion begins with a picture.
    replay.paused = matchMedia("(prefers-reduced-motion: reduce)").matches;
    document.body.classList.add("past");
    const clock = h("b", { class: "clock" });
    const rest = h("span", { class: "quiet" });
    const way = h("progress", { max: 1, value: 0, "aria-label": "how much of the window was shown" });
    const pause = h("button", { type: "button", class: "plain", onclick: () => {
      replay.paused = !replay.paused;
      say(pause, replay.paused ? "Play" : "Pause");
    } }, replay.paused ? "Play" : "Pause");
    say(clock, time(from));
    show(this, h("div", { class: "line travel" }, h("span", { class: "pill warning" }, "the past"), clock, way, rest, pause, this.#speeds(),
      h("button", { type: "button", onclick: () => this.close() }, "Back to live")),
    told.isCut && h("p", { class: "quiet" }, "So much happened that only the first part of it is shown."));
    replay.addEventListener("tick", () => {
      say(clock, time(replay.clock));
      mark(way, "value", replay.share.toFixed(3));
      say(rest, `${span(Math.max(0, replay.to - replay.clock))} to go`);
    });
    replay.addEventListener("end", () => replay === this.#replay && this.close());
  }

  #speeds() {
    const select = h("select", { "aria-label": "Speed", onchange: () => {
      this.#speed = Number(select.value);
      if (this.#replay) this.#replay.speed = this.#speed;
    } }, SPEEDS.map((speed) => h("option", { value: speed, selected: speed === this.#speed }, `${speed}×`)));
    return select;
  }
}

customElements.define("hub-travel", HubTravel);
