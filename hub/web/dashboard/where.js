// A filter as people write it, and as the hub judges it: https://…/docs/protocol#views.

const VALUE = String.raw`"(?:[^"\\]|\\.)*"|[^\s,"][^\s,]*`;
const PAIR = new RegExp(String.raw`\s*([^\s=]+)=((?:${VALUE})(?:,(?:${VALUE}))*)(?=\s|$)`, "y");
const EACH = new RegExp(VALUE, "g");
const OTHER = /^(?:true|false|null|-?(?:0|[1-9]\d{0,15})(?:\.\d+)?)$/;
const BARE = /^[^\s,"]+$/;

/**
 * Read `location=Chennai,Mumbai id="a b"` as the hub's `where`; null: nothing is said; throws what is wrong.
 *
 * What is no text alone, such as 5 or true, is meant either way; in quotes it is a text.
 */
export function whereOf(text) {
  const where = {};
  PAIR.lastIndex = 0;
  const said = text.trimEnd();
  while (PAIR.lastIndex < said.length) {
    const at = PAIR.lastIndex;
    const found = PAIR.exec(said);
    if (!found) throw new TypeError(`expected field=value, or field="a value" where it has spaces or commas, got ${said.slice(at).trim()}`);
    const values = found[2].match(EACH).flatMap(meant);
    where[found[1]] = values.length > 1 ? values : values[0];
  }
  return Object.keys(where).length ? where : null;
}

function meant(text) {
  if (text.startsWith('"')) return unquoted(text);
  return OTHER.test(text) ? [text, JSON.parse(text)] : text;
}

function unquoted(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError(`expected a text in quotes as JSON has them, got ${text}`);
  }
}

/** Write a field and the text that it must have, so that `whereOf` reads just that. */
export function pair(field, text) {
  const bare = BARE.test(text) && meant(text) === text;
  return `${field}=${bare ? text : JSON.stringify(text)}`;
}

/** Whether an event is let through, as the hub would say; null lets all through. */
export function fits(event, where) {
  return Object.entries(where ?? {}).every(([name, values]) => [values].flat().includes(valueOf(event, name)));
}

function valueOf(event, name) {
  const inside = event.data !== null && typeof event.data === "object" && Object.hasOwn(event.data, name);
  return (inside ? event.data : event)[name];
}
