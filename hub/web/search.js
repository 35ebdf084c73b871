// The search of the documentation. The hub sends every section once (/docs/search.json); what matches is decided here,
// so it answers as one types, and works where there is no network.

const MOST = 12;
const AROUND = 90;
const $ = (id) => document.getElementById(id);

export function search() {
  const dialog = $("search");
  const words = $("search-words");
  const open = () => {
    dialog.showModal();
    words.select();
    load().then(show, () => say("The search needs the hub, and it does not answer."));
  };
  $("search-open").hidden = false;
  $("search-open").addEventListener("click", open);
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    open();
  });
  dialog.addEventListener("click", (event) => {
    const item = event.target.closest("[data-address]");
    if (item) go(item);
    else if (event.target === dialog) dialog.close();
  });
  words.addEventListener("input", show);
  words.addEventListener("keydown", move);
}

let sections = null;

async function load() {
  if (sections) return;
  const answer = await fetch("/docs/search.json");
  if (!answer.ok) throw new Error(String(answer.status));
  sections = (await answer.json()).map(([address, page, heading, text]) => ({
    address, page, heading, text,
    title: (heading || page).toLowerCase(),
    above: page.toLowerCase(),
    body: text.toLowerCase(),
  }));
}

function show() {
  const terms = $("search-words").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = terms.length > 0 && sections ? best(terms) : [];
  $("search-hits").replaceChildren(...found.map((section, at) => line(section, terms, at)));
  choose(0);
  $("search-words").setAttribute("aria-expanded", String(found.length > 0));
  if (terms.length === 0) return;
  if (!sections) say("One moment …");
  else say(found.length > 0 ? `${found.length === MOST ? "The best " : ""}${found.length} found` : "Nothing has all of these words.");
}

function best(terms) {
  return sections
    .map((section) => ({ section, weight: weigh(section, terms) }))
    .filter(({ weight }) => weight > 0)
    .sort((one, other) => other.weight - one.weight)
    .slice(0, MOST)
    .map(({ section }) => section);
}

// Every word must be there; in a title it says more, and as a whole word or the beginning of one, too.
function weigh({ title, above, body, heading }, terms) {
  let weight = heading ? 0 : 1;
  for (const term of terms) {
    const inTitle = place(title, term);
    const inBody = place(body, term);
    const inAbove = place(above, term);
    if (inTitle + inBody + inAbove === 0) return 0;
    weight += 12 * inTitle + inAbove + Math.min(6, inBody * (body.split(term).length - 1));
  }
  return weight;
}

function place(text, term) {
  const at = text.indexOf(term);
  if (at < 0) return 0;
  return new RegExp(`(^|[^a-z0-9])${term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`).test(text) ? 2 : 1;
}

function line({ address, page, heading, text, body }, terms, at) {
  const item = document.createElement("li");
  item.id = `search-hit-${at}`;
  item.setAttribute("role", "option");
  item.dataset.address = address;
  const title = document.createElement("b");
  title.append(...marked(heading || page, terms));
  item.append(title);
  if (heading) {
    const of = document.createElement("span");
    of.textContent = ` · ${page}`;
    item.append(of);
  }
  const about = document.createElement("small");
  const first = Math.min(...terms.map((term) => body.indexOf(term)).filter((found) => found >= 0), text.length);
  const from = first < text.length ? Math.max(0, first - AROUND / 3) : 0;
  about.append(from > 0 ? "… " : "", ...marked(text.slice(from, from + 2.2 * AROUND), terms));
  item.append(about);
  return item;
}

function marked(text, terms) {
  const any = new RegExp(`(${terms.map((term) => term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "i");
  return text.split(any).map((part, at) => {
    if (at % 2 === 0) return part;
    const mark = document.createElement("mark");
    mark.textContent = part;
    return mark;
  });
}

function move(event) {
  const items = [...$("search-hits").children];
  const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown") choose(Math.min(at + 1, items.length - 1));
  else if (event.key === "ArrowUp") choose(Math.max(at - 1, 0));
  else if (event.key === "Enter") go(items[at]);
  else return;
  event.preventDefault();
}

function go(item) {
  if (!item) return;
  $("search").close();
  location.assign(item.dataset.address);
}

function choose(at) {
  [...$("search-hits").children].forEach((item, number) => item.setAttribute("aria-selected", String(number === at)));
  const chosen = $("search-hits").children[at];
  if (!chosen) return $("search-words").removeAttribute("aria-activedescendant");
  $("search-words").setAttribute("aria-activedescendant", chosen.id);
  chosen.scrollIntoView({ block: "nearest" });
}

function say(text) {
  $("search-state").textContent = text;
}
