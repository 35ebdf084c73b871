// How far a job is: a bar of its percentage, its steps, and the time that is left.

import { h, mark, say } from "../dom.js";
import { moment, span } from "../format.js";

/** How much is done, of 100; null: nobody has said. */
export function percent({ status, progress = {} }) {
  const { percentage, completed_steps: done, total_steps: all } = progress;
  if (percentage !== null && percentage !== undefined) return percentage;
  if (all) return Math.min(100, (100 * (done ?? 0)) / all);
  return status === "DONE" ? 100 : null;
}

/** What is left: as the job says, else reckoned from how long it took so far; "" where neither is known. */
export function left(job, now = Date.now()) {
  if (["DONE", "FAILED"].includes(job.status)) return "";
  if (job.progress?.estimated_remaining) return `${job.progress.estimated_remaining} left`;
  const done = percent(job);
  const gone = now - moment(job.created_at);
  if (job.status !== "RUNNING" || !done || done < 5 || !(gone > 2000)) return "";
  return `about ${span((gone * (100 - done)) / done)} left`;
}

/** An empty bar; `fillBar` fills it. */
export function bar() {
  return h("div", { class: "bar" }, h("progress", { max: 100 }), h("span", { class: "percent" }));
}

export function fillBar(element, job) {
  const [progress, number] = element.children;
  const done = percent(job);
  mark(element, "class", `bar ${job.status.toLowerCase()}`);
  mark(progress, "aria-label", `progress of job ${job.job_id.slice(0, 8)}`);
  // Without a value a bar runs for ever: only where something does.
  const value = done === null ? (job.status === "RUNNING" ? null : 0) : Math.round(done);
  mark(progress, "value", value);
  say(number, done === null ? "–" : `${Math.round(done)} %`);
}

/** Its steps, one beside the other: done, under way, failed, to come. */
export function steps({ status, progress = {} }) {
  const { total_steps: all, completed_steps: done = 0, current_step: name } = progress;
  if (!all || all > 60) return name ? h("p", { class: "step" }, status === "FAILED" ? "Failed at: " : "Step: ", h("b", {}, name)) : null;
  const finished = status === "DONE" ? all : (done ?? 0);
  const state = (index) => (index < finished ? "done" : index > finished ? "later" : { FAILED: "failed", NEEDS_INPUT: "asks", PENDING: "later" }[status] ?? "now");
  const words = status === "DONE" ? `All ${all} steps done` : `Step ${Math.min(finished + 1, all)} of ${all}`;
  return h("div", { class: "steps" },
    h("p", { class: "step" }, `${status === "FAILED" ? words.replace("Step", "Failed at step") : words}${name && status !== "DONE" ? ": " : ""}`, status !== "DONE" && name ? h("b", {}, name) : null),
    h("ol", { "aria-hidden": "true" }, Array.from({ length: all }, (_, index) => h("li", { class: state(index) }))));
}
