// How times, numbers and names are written.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// Made once: a formatter costs a hundred times what it formats.
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });
const NUMBER = new Intl.NumberFormat();

/** The moment that a text names. A time without an offset means UTC to the hub; to a browser it would mean here. */
export function moment(text) {
  if (!text) return NaN;
  return Date.parse(/(z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`);
}

/** 14:03:22 today, with the date on other days; what is no time stays as it is. */
export function time(text) {
  const at = typeof text === "number" ? text : moment(text);
  if (Number.isNaN(at)) return String(text ?? "");
  const same = Math.abs(at - Date.now()) < DAY && new Date(at).getDate() === new Date().getDate();
  return (same ? CLOCK : DATE).format(at);
}

/** 3 s ago, 12 min ago, in 4 s. */
export function ago(text, now = Date.now()) {
  const at = typeof text === "number" ? text : moment(text);
  if (Number.isNaN(at)) return "";
  const gone = now - at;
  if (Math.abs(gone) < 1500) return "now";
  return gone > 0 ? `${span(gone)} ago` : `in ${span(-gone)}`;
}

/** A length of time in milliseconds: 340 ms, 12 s, 3 min 20 s, 2 h 5 min, 3 d. */
export function span(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${Math.round(ms / 1000)} s`;
  if (ms < HOUR) return two(ms, MINUTE, "min", 1000, "s");
  if (ms < DAY) return two(ms, HOUR, "h", MINUTE, "min");
  return two(ms, DAY, "d", HOUR, "h");
}

function two(ms, large, name, small, other) {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${name}${rest ? ` ${rest} ${other}` : ""}`;
}

/** Milliseconds as they are measured: 0.4 ms, 12 ms, 1.2 s. */
export function delay(ms) {
  if (ms === null || Number.isNaN(ms)) return "–";
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function count(number) {
  return NUMBER.format(number);
}

/** A rate: 0, 0.4, 12, 240. */
export function rate(number) {
  if (!number) return "0";
  return number < 10 ? number.toFixed(1) : NUMBER.format(Math.round(number));
}

export function bytes(number) {
  if (number < 1000) return `${number} B`;
  return number < 1e6 ? `${(number / 1e3).toFixed(1)} kB` : `${(number / 1e6).toFixed(1)} MB`;
}

/** One of something, several of others. */
export function many(number, one, others = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : others}`;
}

/** The beginning of an id that is long. */
export function brief(id, length = 8) {
  return id.length > length + 4 ? id.slice(0, length) : id;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i;

/** What an event is about, in a few words. */
export function subject({ data = {} }) {
  const id = data.contract_id ?? data.job_id ?? data.task_id ?? data.alert ?? "";
  const words = [UUID.test(id) ? brief(id) : String(id).slice(0, 40), data.location, data.status ?? data.severity, data.message];
  const said = words.filter((word) => word !== undefined && word !== null && word !== "").join(" · ");
  return said || JSON.stringify(data).slice(0, 160);
}
