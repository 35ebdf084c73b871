// One job, in the order in which one asks: how is it, where did it fail, what went in, what came out, when was what.

import "../parts/answer.js";
import { h, keyed, show } from "../dom.js";
import { bytes, moment, span, time } from "../format.js";
import { slowly } from "../paint.js";
import { card, pill, refusal, when } from "../parts/bits.js";
import { bar, fillBar, left, steps } from "../parts/progress.js";
import { View } from "../view.js";

const OVER = ["DONE", "FAILED"];

class HubJob extends View {
  job = "";
  #told = null;
  #revised = "";

  start() {
    this.answer = h("hub-answer");
    this.state = h("div", { class: "state" });
    this.meter = bar();
    this.steps = h("div");
    this.question = card("It needs an answer", { class: "attention", hidden: true }, this.answer);
    this.input = h("div");
    this.output = h("div");
    this.artifacts = h("ul", { class: "artifacts" });
    this.line = h("ol", { class: "timeline", tabindex: 0, "aria-label": "What was reported, the newest first" });
    show(this, h("p", { class: "back" }, h("a", { href: "#/jobs" }, "← All jobs")), h("p", { class: "quiet" }, "Loading…"));
    const refresh = slowly(() => void this.#load(), 400);
    this.on(this.app.store, "jobs", () => {
      const now = this.app.store.jobs.get(this.job);
      if (now && now.updated_at + now.status !== this.#revised) refresh();
    });
    this.every(1000, () => this.#told && this.#drawState(this.#told.job));
    void this.#load();
  }

  async #load() {
    try {
      this.#told = await this.app.api.get(`/api/jobs/${encodeURIComponent(this.job)}`);
    } catch (error) {
      if (!this.#told) show(this, h("p", { class: "back" }, h("a", { href: "#/jobs" }, "← All jobs")), h("section", { class: "card" }, refusal(error)));
      return;
    }
    if (!this.contains(this.state)) this.#build();
    this.#draw();
  }

  #build() {
    show(this, h("p", { class: "back" }, h("a", { href: "#/jobs" }, "← All jobs")),
      h("div", { class: "stack" },
        h("section", { class: "card head", "aria-label": "State" }, this.state, this.meter, this.steps),
        this.question,
        h("div", { class: "columns even" },
          h("div", {}, card("Input", {}, this.input), card("Output", {}, this.output), card("Artifacts", {}, this.artifacts)),
          card("Time line", {}, this.line))));
  }

  #draw() {
    const { job, history = [] } = this.#told;
    this.#revised = job.updated_at + job.status;
    this.#drawState(job);
    fillBar(this.meter, job);
    changed(this.steps, [job.status, job.progress], () => steps(job));
    this.question.hidden = job.status !== "NEEDS_INPUT";
    if (job.status === "NEEDS_INPUT") this.answer.ask(job, (input) => this.#send(input));
    else this.answer.forget();
    changed(this.input, [job.input_data, job.input, job.metadata], () => [
      json(job.input_data, "It was created without input."), job.input !== undefined && [h("h3", {}, "Answered"), json(job.input)],
      Object.keys(job.metadata).length > 0 && [h("h3", {}, "Metadata"), json(job.metadata)]]);
    changed(this.output, [OVER.includes(job.status) && job.status, job.summary, job.status === "FAILED" && job.message], () => [
      job.status === "FAILED" && job.message && h("p", { class: "fault" }, job.message),
      json(job.summary, OVER.includes(job.status) ? "It ended without a summary." : "Comes when it ends.")]);
    this.#drawArtifacts(job);
    this.#drawLine(history);
  }

  #drawState(job) {
    const end = OVER.includes(job.status) ? moment(job.updated_at) : Date.now();
    const took = span(Math.max(0, end - moment(job.created_at)));
    const line = [OVER.includes(job.status) ? `took ${took}` : `for ${took}`, left(job)].filter(Boolean).join(" · ");
    const text = `${job.status}|${job.message}|${line}`;
    if (this.state.drawn === text) return;
    this.state.drawn = text;
    show(this.state, h("div", { class: "line" }, pill(job.status), h("code", { class: "id" }, job.job_id)),
      job.message && h("p", { class: job.status === "FAILED" ? "message fault" : "message" }, job.message),
      h("p", { class: "quiet" }, "Created ", when(job.created_at), ` · ${line}`));
  }

  #drawArtifacts(job) {
    if (!job.artifacts.length) {
      this.artifacts.keyedChildren = undefined;
      return show(this.artifacts, h("li", { class: "quiet" }, OVER.includes(job.status) ? "None." : "None yet."));
    }
    if (!this.artifacts.keyedChildren?.size) show(this.artifacts);
    keyed(this.artifacts, job.artifacts, (one) => JSON.stringify(one), (one) => {
      const facts = [one.type, one.size !== undefined && one.size !== null && bytes(one.size), one.description].filter(Boolean).join(" · ");
      return h("li", {}, this.#name(one), facts && h("span", { class: "quiet" }, facts), one.path && h("code", {}, one.path));
    });
  }

  // The hub's own need the token, which an address cannot carry; others are links as they were reported.
  #name({ name, download_url: url }) {
    if (!url) return h("b", {}, name);
    if (!url.startsWith("/api/")) return /^https?:/.test(url) ? h("a", { href: url, rel: "noreferrer noopener", target: "_blank" }, name) : h("b", {}, name);
    const get = async (event) => {
      event.preventDefault();
      try {
        const answer = await this.app.api.raw("GET", url);
        const address = URL.createObjectURL(await answer.blob());
        h("a", { href: address, download: name }).click();
        setTimeout(() => URL.revokeObjectURL(address), 60_000);
      } catch (error) {
        event.target.after(h("span", { class: "fault", role: "alert" }, ` ${error.message}`));
      }
    };
    return h("a", { href: url, download: name, onclick: get }, name);
  }

  #drawLine(history) {
    const newest = [...history].reverse();
    keyed(this.line, newest, (entry) => `${entry.timestamp}|${entry.status}|${entry.step}|${entry.message}`, (entry) =>
      h("li", { class: entry.status.toLowerCase() }, h("time", { datetime: entry.timestamp, title: entry.timestamp }, time(entry.timestamp)),
        h("b", {}, entry.status), h("span", {}, [entry.step, entry.message].filter(Boolean).join(" · "))));
  }

  async #send(input) {
    await this.app.api.send("POST", `/api/jobs/${encodeURIComponent(this.job)}/input`, { input });
    await this.#load();
  }
}

/** Draw a part anew only where what it shows is another: somebody may be reading, or selecting, in it. */
function changed(place, value, draw) {
  const text = JSON.stringify(value);
  if (place.drawn === text) return;
  place.drawn = text;
  show(place, draw());
}

function json(value, otherwise = "") {
  const empty = value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);
  if (empty) return h("p", { class: "quiet" }, otherwise);
  return h("pre", { tabindex: "0" }, h("code", {}, JSON.stringify(value, null, 2)));
}

customElements.define("hub-job", HubJob);
