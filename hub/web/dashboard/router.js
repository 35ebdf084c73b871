// Which view: the part of the address behind the #. A position in it is a link to a moment.

/** Read `#/inspect/contracts@9f2c:17?q=x` as { view: "inspect", parts: ["contracts@9f2c:17"], query }. */
export function route(hash = location.hash) {
  const [path, tail = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [view, ...parts] = path.split("/").map(decoded);
  return { view: view || "overview", parts: parts.filter(Boolean), query: new URLSearchParams(tail) };
}

/** The address of a view. */
export function link(view, ...parts) {
  return `#/${[view, ...parts].map((part) => encodeURIComponent(part).replaceAll("%40", "@").replaceAll("%3A", ":")).join("/")}`;
}

/** The address of an event in the inspector; null: it has no position. */
export function linkTo({ channel, position }) {
  return position ? link("inspect", `${channel}@${position}`) : null;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
