// Jobs: all of them with how far they are, those that wait for an answer first.

import "./job.js";
import { h, mark, say, show } from "../dom.js";
import { brief, count, many, moment, time } from "../format.js";
import { slowly } from "../paint.js";
import { card, commands, empty, turnPill } from "../parts/bits.js";
import { bar, fillBar, left } from "../parts/progress.js";
import { Rows } from "../parts/rows.js";
import { link } from "../router.js";
import { View } from "../view.js";

const STATUSES = ["NEEDS_INPUT", "RUNNING", "PENDING", "FAILED", "DONE"];
const HEIGHT = 54;

class HubJobs extends View {
  #status = "";
  #rows = null;

  start() {
    const [job] = this.route.parts;
    if (job) return this.#open(job);
    this.#status = STATUSES.includes(this.route.query.get("status")) ? this.route.query.get("status") : "";
    this.#build();
    const draw = slowly(() => this.#draw(), 120);
    this.on(this.app.store, "jobs standing", draw);
    this.on(this.search, "input", draw);
    this.#draw();
  }

  #open(job) {
    const one = h("hub-job");
    one.app = this.app;
    one.job = job;
    show(this, one);
  }

  #build() {
    this.search = h("input", { type: "search", placeholder: "Search by id, message, step or user", "aria-label": "Search jobs" });
    this.filters = h("div", { class: "line filters", role: "group", "aria-label": "Status" },
      ["", ...STATUSES].map((status) => h("button", { type: "button", class: "plain", "data-status": status, onclick: () => this.#filter(status) }, status || "all", " ", h("span", { class: "much" }))));
    this.counted = h("p", { class: "quiet counted", role: "status" });
    const body = h("tbody");
    const head = [["job"], ["status"], ["progress", "wide"], ["updated"]].map(([name, look]) => h("th", { scope: "col", class: look }, name));
    const scroller = h("div", { class: "scroll tall rows jobs", tabindex: 0, role: "region", "aria-label": "Jobs" }, h("table", { class: "even-rows jobs" }, h("thead", {}, h("tr", {}, head)), body));
    const make = () => h("tr", {}, h("th", { scope: "row", class: "id" }, h("a"), h("small", { class: "quiet" })), h("td"), h("td", { class: "wide" }, bar(), h("small")), h("td", {}, h("time")));
    this.#rows = new Rows({ scroller, body, height: HEIGHT, make, fill: (row, job) => this.#fill(row, job) });
    this.none = h("div", { hidden: true });
    this.full = card("Jobs", {}, h("div", { class: "line tools" }, this.search), this.filters, this.counted, scroller);
    show(this, this.none, this.full);
  }

  #draw() {
    const { store } = this.app;
    const all = [...store.jobs.values()];
    this.#drawEmpty(all.length === 0 && store.standing("jobs").state.state === "subscribed");
    for (const button of this.filters.children) {
      const { status } = button.dataset;
      say(button.lastChild, count(status ? all.filter((job) => job.status === status).length : all.length));
      mark(button, "aria-pressed", String(this.#status === status));
    }
    const found = this.#found(all);
    this.#rows.items = found;
    say(this.counted, found.length === all.length ? many(all.length, "job") : `${count(found.length)} of ${many(all.length, "job")}`);
  }

  #found(jobs) {
    const word = this.search.value.trim().toLowerCase();
    const fits = (job) => (!this.#status || job.status === this.#status)
      && (!word || [job.job_id, job.message, job.progress?.current_step, job.metadata?.user_id].some((text) => String(text ?? "").toLowerCase().includes(word)));
    const rank = ({ status }) => (status === "NEEDS_INPUT" ? 2 : status === "RUNNING" ? 1 : 0);
    const keyed = jobs.filter(fits).map((job) => [rank(job), moment(job.updated_at), job]);
    return keyed.sort((a, b) => b[0] - a[0] || b[1] - a[1]).map(([, , job]) => job);
  }

  #fill(row, job) {
    if (row.job === job) return;
    row.job = job;
    const [name, status, progress, updated] = row.children;
    say(name.firstChild, brief(job.job_id));
    mark(name.firstChild, "href", link("jobs", job.job_id));
    mark(name, "title", job.job_id);
    say(name.lastChild, job.metadata?.user_id ?? "");
    turnPill(status, job.status);
    fillBar(progress.firstChild, job);
    const asks = job.status === "NEEDS_INPUT" && job.input_request?.prompt;
    const said = asks || [job.progress?.current_step, job.message, left(job)].filter(Boolean).join(" · ");
    say(progress.lastChild, said);
    mark(progress.lastChild, "title", said);
    say(updated.firstChild, time(job.updated_at));
    mark(updated.firstChild, "datetime", job.updated_at);
  }

  #filter(status) {
    this.#status = status;
    this.#draw();
  }

  #drawEmpty(isEmpty) {
    this.full.hidden = isEmpty;
    if (this.none.hidden === !isEmpty) return;
    this.none.hidden = !isEmpty;
    if (!isEmpty) return;
    show(this.none, card("Jobs", {}, empty("No job has been created yet",
      h("p", {}, "A program that does something for long tells here how far it is, and asks when it needs an answer:"),
      commands(`curl ${location.origin}/api/jobs -H 'Content-Type: application/json' \\\n  -d '{"metadata": {"user_id": "user123"}}'`),
      h("p", {}, "or a whole job, from PENDING to DONE: ", h("code", {}, "hub trigger job.done")))));
  }
}

customElements.define("hub-jobs", HubJobs);
