// The dashboard: who looks, what the hub tells, and which view shows it.

import "./parts/badge.js";
import "./parts/chaos.js";
import "./parts/prompt.js";
import "./parts/travel.js";
import { Api } from "./api.js";
import { h, icon, mark, say, show } from "./dom.js";
import { paint } from "./paint.js";
import { route } from "./router.js";
import { Session } from "./session.js";
import { Store } from "./store.js";
import { applyTheme, nextTheme, themeOf } from "./theme.js";
import { VIEWS } from "./views/index.js";

const at = (id) => document.getElementById(id);
const session = new Session();
const api = new Api(session);
const app = { session, api, store: null, travel: at("travel") };

let entered = false;

function enter(view) {
  entered = true;
  const { title, element } = VIEWS[view] ?? VIEWS.overview;
  document.title = `${title} · Hub`;
  for (const one of document.querySelectorAll("#views a")) {
    mark(one, "aria-current", one.getAttribute("href") === `#/${view === "overview" ? "" : view}` ? "page" : null);
  }
  const current = document.querySelector("#views [aria-current]");
  current?.scrollIntoView({ inline: "center", block: "nearest" });
  const made = document.createElement(element);
  made.app = app;
  made.route = route();
  show(at("main"), h("h1", { class: "hidden" }, title), made);
}

function navigate() {
  if (!entered) return;
  const { view } = route();
  const shown = at("main").lastElementChild;
  const { element } = VIEWS[view] ?? VIEWS.overview;
  // The same view of something else keeps what it has, where it can.
  if (shown?.localName === element && shown.moved?.(route())) return;
  enter(view);
  scrollTo(0, 0);
  if (document.activeElement?.closest("#views")) return;
  at("main").focus({ preventScroll: true });
}

function buildNavigation() {
  const links = Object.entries(VIEWS).map(([name, { title, icon: drawn, counted }]) =>
    h("a", { href: name === "overview" ? "#/" : `#/${name}` }, icon(drawn), title,
      counted && h("span", { class: `count ${counted.look}`, "data-view": name, hidden: true })));
  show(at("views"), links);
}

function drawCounts() {
  for (const place of document.querySelectorAll("#views .count")) {
    const { counted } = VIEWS[place.dataset.view];
    const number = counted.of(app.store);
    place.hidden = number === 0;
    say(place, number);
    mark(place, "aria-label", `${number} ${counted.words}`);
  }
}

function drawState() {
  const { hub } = session;
  at("state").state = hub.state;
  document.body.dataset.mode = session.open ? "open" : "closed";
  const known = Boolean(session.token && hub.principal);
  at("who").textContent = known ? hub.principal : session.open ? "open: everybody on this machine" : "";
  at("forget").hidden = !known;
  at("break").hidden = !session.open && at("chaos").hidden;
  if (hub.state.state === "connected") {
    document.body.classList.remove("unknown");
    if (!entered) enter(route().view);
  }
  dispatchEvent(new Event("hub-state"));
}

function drawTheme(choice) {
  say(at("theme-name"), choice);
  at("theme").title = `Look: ${choice}`;
}

session.addEventListener("client", () => {
  app.store = new Store(session.hub, api);
  at("travel").setup(app);
  at("chaos").setup(app);
  for (const name of ["jobs", "alerts", "standing"]) app.store.addEventListener(name, () => paint(drawCounts));
  // Before the hub has let us in there is nothing to ask it for.
  entered = false;
  show(at("main"));
  drawState();
});
session.addEventListener("state", drawState);
session.addEventListener("ask", ({ detail: why }) => {
  // Without a token there is nothing to show; with one that runs out the page stays as it is.
  document.body.classList.toggle("unknown", why !== "renew" && why !== "token_expired");
  at("prompt").ask(why);
});
at("prompt").enter = (token) => session.enter(token);
at("rewind").addEventListener("click", () => at("travel").open());
at("break").addEventListener("click", () => at("chaos").toggle());
at("forget").addEventListener("click", () => session.forget());
at("theme").addEventListener("click", () => drawTheme(nextTheme()));
addEventListener("hashchange", navigate);
// Its # would be a view's.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  at("main").focus();
});

buildNavigation();
applyTheme();
drawTheme(themeOf());
session.start();
