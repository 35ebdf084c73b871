/** Puts it together: hub, world, motion, picture; a frame after the other. @module */

import { HubClient } from "hub-client";

import { hubOf, tokenName } from "./address.js";
import { Feeds } from "./feeds.js";
import { keys, pointers } from "./hands.js";
import { hintFor } from "./hint.js";
import { Hud, part } from "./hud.js";
import { CITIES } from "./looks.js";
import { Delay, Detail, Rate } from "./meter.js";
import { Motion } from "./motion.js";
import { Orbit } from "./orbit.js";
import { Stage } from "./stage.js";
import { World } from "./world.js";

/** Numbers that change faster nobody reads. */
const NUMBERS_MS = 250;
/** After a tab was in the background a frame is not an hour long. */
const MAX_FRAME_S = 0.1;

/**
 * @param {string} address
 */
function begin(address) {
  const canvas = /** @type {HTMLCanvasElement} */ (part("scene"));
  const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const stage = new Stage(canvas, reduced);
  const token = sessionStorage.getItem(tokenName(address)) ?? undefined;
  const hub = new HubClient(address, token === undefined ? {} : { token });
  const [world, motion, orbit] = [new World(), new Motion(reduced), new Orbit(reduced)];
  const [frames, updates, delay, detail] = [new Rate(), new Rate(), new Delay(), new Detail()];
  const feeds = new Feeds(hub, world, (event) => {
    if (event) updates.note(performance.now());
    if (event) delay.heard(event.timestamp);
    told = -Infinity;
  });
  const toggle = (/** @type {string} */ city) => feeds.toggle(city);
  const hud = new Hud(toggle);
  let [before, told, dirty] = [performance.now(), -Infinity, true];

  const tell = (/** @type {number} */ now) => {
    told = now;
    for (const { name } of CITIES) {
      hud.city(name, { shown: world.shows(name), ready: feeds.ready(name), ...world.count(name) });
    }
    hud.connection(hub.state, hub.url);
    const shown = CITIES.filter(({ name }) => world.shows(name));
    const ready = shown.every(({ name }) => feeds.ready(name));
    const { state } = hub;
    const now_ = { state, error: feeds.error, shown: shown.length, ready, buildings: world.size };
    hud.hint(hintFor({ ...now_, hub: hub.url, origin: location.origin }));
    hud.numbers({
      fps: String(frames.at(now)),
      lag: feeds.lag === null ? "–" : String(feeds.lag),
      delay: delay.ms === null ? "–" : `${delay.ms} ms`,
      updates: String(updates.at(now)),
      buildings: String(world.size),
    });
  };

  const resize = () => {
    const panel = part("panel").getBoundingClientRect();
    const beside = panel.top < canvas.clientHeight;
    stage.resize(canvas.clientWidth, canvas.clientHeight, beside ? panel.right : 0, detail.share);
    dirty = true;
  };

  const frame = (/** @type {number} */ now) => {
    const seconds = Math.min(MAX_FRAME_S, (now - before) / 1000);
    before = now;
    frames.note(now);
    if (detail.step(seconds)) resize();
    const { plots } = world;
    const built = motion.step(world, seconds);
    if (built) stage.build(motion);
    const laid = stage.lay(plots, world.radius, seconds);
    const turned = orbit.step(seconds);
    if (built || laid || turned || dirty) {
      stage.draw(orbit);
      for (const { city, x, z, half, shown } of plots) {
        hud.label(city, shown ? stage.project({ x, y: 5 + half / 2, z }) : null);
      }
    }
    dirty = false;
    canvas.dataset.buildings = String(motion.count);
    delay.shown(Date.now());
    if (now - told > NUMBERS_MS) tell(now);
    requestAnimationFrame(frame);
  };

  pointers(canvas, orbit);
  keys(orbit, toggle);
  new ResizeObserver(resize).observe(canvas);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => {
    stage.paint(dark.matches);
    dirty = true;
  };
  dark.addEventListener("change", paint);
  paint();
  for (const { name } of CITIES) feeds.show(name);
  requestAnimationFrame(frame);
}

/** @param {string} address */
function takeToken(address) {
  part("hint-token").addEventListener("submit", (event) => {
    event.preventDefault();
    const { value } = /** @type {HTMLInputElement} */ (part("token"));
    sessionStorage.setItem(tokenName(address), value.trim());
    location.reload();
  });
}

const address = hubOf(location.href, import.meta.env.VITE_HUB_URL);
takeToken(address);
try {
  begin(address);
} catch (error) {
  part("hint").hidden = false;
  part("hint-title").textContent = "This page cannot begin.";
  part("hint-text").textContent = error instanceof Error ? error.message : String(error);
}
