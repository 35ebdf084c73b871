// The live page: what the hub tells, as it tells it. Every value is set as text, never as HTML.

import { Hub } from "./hub.js";
import { Identity } from "./identity.js";

const MOST_ROWS = 50;
const MOST_EVENTS = 80;
const DRAW_MS = 100;

const contracts = new Map(); // id -> data, the latest change last
const jobs = new Map();
const events = []; // the newest first
const changed = new Set(); // ids that changed since the last drawing
let clients = 0;
let drawing = false;

const at = (id) => document.getElementById(id);

const KEYS = { contracts: [contracts, "contract_id", "timestamp"], jobs: [jobs, "job_id", "updated_at"] };

const identity = new Identity((token) => hub.enter(token));

const told = {
  state(word, text, code) {
    const badge = at("state");
    badge.className = `badge ${word}`;
    badge.textContent = text;
    if (code) badge.append(" ", element("a", { href: `/docs/errors/${encodeURIComponent(code)}` }, "why?"));
    if (word === "connected") hub.send({ type: "get_status" });
  },
  reset(channel, items) {
    const [entities, id, time_of] = KEYS[channel];
    const oldestFirst = [...items].sort((a, b) => moment(a[time_of]) - moment(b[time_of]));
    entities.clear();
    for (const item of oldestFirst) entities.set(item[id], item);
    draw();
  },
  event(event) {
    events.unshift(event);
    events.length = Math.min(events.length, MOST_EVENTS);
    // A stale update is older than what is shown; a test changes nothing.
    if (event.type !== "contract_stale" && !event.test && KEYS[event.channel]) {
      const [entities, id] = KEYS[event.channel];
      entities.delete(event.data[id]);
      entities.set(event.data[id], event.data);
      changed.add(event.data[id]);
    }
    draw();
  },
  status(report) {
    clients = report.connections;
    draw();
  },
  known(principal, isOther) {
    identity.known(principal);
    if (!isOther) return;
    // Nothing stays that only somebody else may see.
    contracts.clear();
    jobs.clear();
    events.length = 0;
    draw();
  },
  ask(happened) {
    identity.ask(happened);
  },
};
const hub = new Hub(Object.keys(KEYS), told, identity.token);
setInterval(() => hub.send({ type: "get_status" }), 10_000);

function draw() {
  if (drawing) return;
  drawing = true;
  setTimeout(() => requestAnimationFrame(drawNow), DRAW_MS);
}

function drawNow() {
  drawing = false;
  drawCounts();
  drawRows("contracts", contracts, contractRow);
  drawRows("jobs", jobs, jobRow);
  at("events").replaceChildren(...events.map(eventItem));
  at("events-empty").hidden = events.length > 0;
  at("start").hidden = contracts.size + jobs.size > 0;
  changed.clear();
}

function drawCounts() {
  const all = [...jobs.values()];
  const counts = {
    contracts: contracts.size,
    active: [...contracts.values()].filter(({ status }) => status === "active").length,
    running: all.filter(({ status }) => status === "RUNNING").length,
    waiting: all.filter(({ status }) => status === "NEEDS_INPUT").length,
    clients,
  };
  for (const [name, count] of Object.entries(counts)) {
    at(`count-${name}`).textContent = count.toLocaleString();
  }
}

function drawRows(name, entities, row) {
  const newest = [...entities.values()].slice(-MOST_ROWS).reverse();
  at(name).replaceChildren(...newest.map(row));
  at(`${name}-section`).hidden = entities.size === 0;
  const more = entities.size - newest.length;
  at(`${name}-more`).textContent = more > 0 ? `and ${more.toLocaleString()} more` : "";
}

function contractRow({ contract_id, location: city, status, timestamp }) {
  return element(
    "tr",
    changed.has(contract_id) ? { class: "new" } : {},
    element("th", { scope: "row" }, contract_id),
    element("td", {}, city),
    element("td", {}, pill(status)),
    element("td", {}, time(timestamp)),
  );
}

function jobRow(job) {
  const { progress } = job;
  return element(
    "tr",
    changed.has(job.job_id) ? { class: "new" } : {},
    element("th", { scope: "row", title: job.job_id }, job.job_id.slice(0, 8)),
    element("td", {}, pill(job.status)),
    element("td", {}, bar(job), element("small", {}, progress.current_step ?? job.message ?? "")),
    element("td", {}, time(job.updated_at)),
  );
}

function bar({ job_id, status, progress }) {
  const { percentage, completed_steps: done, total_steps: all } = progress;
  const known = percentage ?? (all ? (100 * done) / all : status === "DONE" ? 100 : 0);
  const value = Math.round(known || 0);
  const label = `progress of job ${job_id.slice(0, 8)}`;
  return element(
    "div",
    { class: `bar ${status.toLowerCase()}` },
    element("progress", { max: 100, value, "aria-label": label }),
    element("span", {}, `${value} %`),
  );
}

function eventItem({ type, offset, data, timestamp, channel, test }) {
  const what = [data.contract_id ?? data.job_id?.slice(0, 8), data.location, data.status];
  return element(
    "li",
    {},
    time(timestamp),
    element("code", {}, test ? "test" : offset ? `${channel}:${offset}` : channel),
    element("b", { class: type }, type),
    element("span", {}, what.filter(Boolean).join(" · ")),
  );
}

function pill(status) {
  return element("span", { class: `pill ${status.toLowerCase()}` }, status);
}

// A time without an offset means UTC to the hub; to a browser it would mean here.
function moment(text) {
  return new Date(/(z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`);
}

function time(text) {
  const when = moment(text);
  if (Number.isNaN(when.getTime())) return text;
  const today = when.toDateString() === new Date().toDateString();
  const shown = today ? when.toLocaleTimeString() : when.toLocaleString();
  return element("time", { datetime: when.toISOString(), title: text }, shown);
}

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

for (const place of document.querySelectorAll("[data-origin]")) {
  place.textContent = place.textContent.replaceAll("http://localhost:8000", location.origin);
}
