/** The picture, by three.js: one mesh for all buildings, four plots, a ground. It decides nothing. @module */

import {
  BoxGeometry,
  Color,
  DirectionalLight,
  DynamicDrawUsage,
  Float32BufferAttribute,
  Fog,
  GridHelper,
  HemisphereLight,
  InstancedBufferAttribute,
  InstancedMesh,
  Mesh,
  MeshStandardMaterial,
  PerspectiveCamera,
  PlaneGeometry,
  Scene,
  Vector3,
  WebGLRenderer,
} from "three";

import { CITIES } from "./looks.js";
import { VIEW } from "./orbit.js";

const SHADOWS = 2048;
/** More pixels than two to one nobody sees, and a phone draws them. */
const MAX_DENSITY = 2;
const PLOT_HEIGHT = 0.3;
/** On the ground, each way. */
const LINES = 48;
/** How much of the way plots have left after a second: as buildings, so that they go together. */
const SPEED = 7;

/** Light and dark: sky, ground, its lines, plots, and how strong sky and sun are. */
const THEMES = {
  light: { sky: 0xdbe5ee, ground: 0xb4c1cc, line: 0x9dacb9, plot: 0xeef2f5, ambient: 1.2, sun: 2.6 },
  dark: { sky: 0x0b1016, ground: 0x16202a, line: 0x22303d, plot: 0x31414f, ambient: 1.1, sun: 2.4 },
};

export class Stage {
  #renderer;
  #scene = new Scene();
  #camera = new PerspectiveCamera((VIEW * 180) / Math.PI, 1, 0.5, 4000);
  #sky = new HemisphereLight(0xffffff, 0x8090a0);
  #sun = new DirectionalLight(0xffffff);
  #ground = new Mesh(new PlaneGeometry(1, 1), new MeshStandardMaterial({ roughness: 1 }));
  #grid = new GridHelper(1, LINES, 0xffffff, 0xffffff);
  #plots = CITIES.map(() => new Mesh(new BoxGeometry(1, PLOT_HEIGHT, 1), new MeshStandardMaterial({ roughness: 0.9 })));
  /** @type {InstancedMesh | null} */
  #buildings = null;
  #radius = 0;
  #aspect = 1;
  #reduced;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {boolean} reduced Whether nothing shall move.
   * @throws {Error} There is no WebGL.
   */
  constructor(canvas, reduced) {
    this.#reduced = reduced;
    this.#renderer = new WebGLRenderer({ canvas, antialias: true });
    this.#renderer.shadowMap.enabled = true;
    // The sun stands still: shadows are drawn anew only when a building has moved.
    this.#renderer.shadowMap.autoUpdate = false;
    this.#sun.castShadow = true;
    this.#sun.shadow.mapSize.set(SHADOWS, SHADOWS);
    this.#sun.shadow.normalBias = 0.05;
    this.#ground.rotation.x = -Math.PI / 2;
    this.#ground.position.y = -PLOT_HEIGHT;
    this.#grid.position.y = 0.02 - PLOT_HEIGHT;
    // Their colours are those of their ends; the material's then multiplies.
    this.#grid.geometry.deleteAttribute("color");
    this.#grid.material.vertexColors = false;
    for (const mesh of [this.#ground, ...this.#plots]) mesh.receiveShadow = true;
    for (const plot of this.#plots) plot.position.y = -PLOT_HEIGHT / 2;
    this.#scene.add(this.#sky, this.#sun, this.#sun.target, this.#ground, this.#grid, ...this.#plots);
  }

  /** @param {boolean} dark */
  paint(dark) {
    const theme = dark ? THEMES.dark : THEMES.light;
    this.#scene.background = new Color(theme.sky);
    this.#scene.fog = new Fog(theme.sky);
    this.#ground.material.color.set(theme.ground);
    this.#grid.material.color.set(theme.line);
    for (const plot of this.#plots) plot.material.color.set(theme.plot);
    this.#sky.intensity = theme.ambient;
    this.#sun.intensity = theme.sun;
  }

  /**
   * Take the size of the canvas on the page.
   * @param {number} width CSS pixels.
   * @param {number} height
   * @param {number} left So much of it is covered: the middle of the scene is in the middle of the rest.
   * @param {number} share Of the screen's pixels that are drawn, each way.
   */
  resize(width, height, left, share) {
    this.#renderer.setPixelRatio(share * Math.min(MAX_DENSITY, globalThis.devicePixelRatio));
    this.#renderer.setSize(width, height, false);
    this.#aspect = (width - left) / Math.max(1, height);
    this.#camera.aspect = width / Math.max(1, height);
    // What is near is larger, and so lower: the middle of all is above the middle.
    this.#camera.setViewOffset(width, height, -left / 2, 0.03 * height, width, height);
  }

  /**
   * Take the buildings: one write to the graphics card.
   * @param {import("./motion.js").Motion} motion
   */
  build({ matrices, colours, count }) {
    if (this.#buildings?.instanceMatrix.array !== matrices) this.#replace(matrices, colours);
    const mesh = /** @type {InstancedMesh} */ (this.#buildings);
    mesh.count = count;
    mesh.instanceMatrix.needsUpdate = true;
    /** @type {InstancedBufferAttribute} */ (mesh.instanceColor).needsUpdate = true;
    this.#renderer.shadowMap.needsUpdate = true;
  }

  /**
   * Move plots towards where they belong.
   * @param {{ x: number, z: number, half: number, shown: boolean }[]} plots
   * @param {number} radius Of all that is to be seen.
   * @param {number} seconds Since the last frame.
   * @returns {boolean} Whether anything has moved.
   */
  lay(plots, radius, seconds) {
    const part = this.#reduced ? 1 : 1 - Math.exp(-SPEED * seconds);
    let moved = this.#fit(radius, part);
    plots.forEach(({ x, z, half, shown }, index) => {
      const { position, scale } = this.#plots[index];
      const side = Math.max(0.01, shown ? 2 * half : 0);
      const [dx, dz, ds] = [x - position.x, z - position.z, side - scale.x];
      if (Math.abs(dx) + Math.abs(dz) + Math.abs(ds) < 0.01) return;
      moved = true;
      position.set(position.x + dx * part, position.y, position.z + dz * part);
      scale.set(scale.x + ds * part, 1, scale.z + ds * part);
    });
    if (moved) this.#renderer.shadowMap.needsUpdate = true;
    return moved;
  }

  /**
   * Draw.
   * @param {{ place: (radius: number, aspect: number) => { x: number, y: number, z: number } }} orbit
   */
  draw(orbit) {
    const { x, y, z } = orbit.place(this.#radius, this.#aspect);
    this.#camera.position.set(x, y, z);
    this.#camera.lookAt(0, 0, 0);
    const far = Math.hypot(x, y, z);
    Object.assign(/** @type {Fog} */ (this.#scene.fog), { near: far + this.#radius, far: far + 5 * this.#radius });
    this.#renderer.render(this.#scene, this.#camera);
  }

  /**
   * Return where on the canvas a place is, as shares of its width and height; null behind the camera.
   * @param {{ x: number, y: number, z: number }} place
   */
  project({ x, y, z }) {
    const point = new Vector3(x, y, z).project(this.#camera);
    return point.z > 1 ? null : { left: (point.x + 1) / 2, top: (1 - point.y) / 2 };
  }

  /**
   * @param {number} radius
   * @param {number} part
   */
  #fit(radius, part) {
    const way = radius - this.#radius;
    if (Math.abs(way) < 0.01) return false;
    this.#radius = this.#radius === 0 ? radius : this.#radius + way * part;
    const reach = 1.2 * this.#radius;
    this.#sun.position.set(0.6 * reach, 1.3 * reach, 0.5 * reach);
    Object.assign(this.#sun.shadow.camera, { left: -reach, right: reach, top: reach, bottom: -reach, far: 4 * reach });
    this.#sun.shadow.camera.updateProjectionMatrix();
    this.#ground.scale.setScalar(16 * this.#radius);
    this.#grid.scale.setScalar(8 * this.#radius);
    return true;
  }

  /**
   * @param {Float32Array} matrices
   * @param {Float32Array} colours
   */
  #replace(matrices, colours) {
    if (this.#buildings) {
      this.#scene.remove(this.#buildings);
      this.#buildings.geometry.dispose();
      /** @type {MeshStandardMaterial} */ (this.#buildings.material).dispose();
      this.#buildings.dispose();
    }
    const material = new MeshStandardMaterial({ roughness: 0.55, vertexColors: true });
    const mesh = new InstancedMesh(house(), material, 0);
    mesh.instanceMatrix = new InstancedBufferAttribute(matrices, 16).setUsage(DynamicDrawUsage);
    mesh.instanceColor = new InstancedBufferAttribute(colours, 3).setUsage(DynamicDrawUsage);
    // It would be judged by where the buildings were when it was made.
    mesh.frustumCulled = false;
    mesh.castShadow = mesh.receiveShadow = true;
    this.#scene.add(mesh);
    this.#buildings = mesh;
  }
}

/** A box that stands on the ground, darker at its foot, where less light comes. */
function house() {
  const box = new BoxGeometry(1, 1, 1).translate(0, 0.5, 0);
  const heights = [...Array(box.attributes.position.count).keys()].map((at) => box.attributes.position.getY(at));
  const shades = heights.flatMap((height) => Array(3).fill(height > 0.5 ? 1 : 0.6));
  box.setAttribute("color", new Float32BufferAttribute(shades, 3));
  return box;
}
