// What a page of the documentation does beyond its text: copies code, folds its menu on a phone, shows where one
// reads, and searches. Without it every page can be read whole.

import { search } from "./search.js";

for (const block of document.querySelectorAll(".code")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", () => copy(block.querySelector("code").textContent, button));
  block.append(button);
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text.replace(/\n$/, ""));
    button.textContent = "Copied";
  } catch {
    // Only a page of https, or of this machine, may write to the clipboard.
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    button.textContent = "Selected";
  }
  button.classList.add("done");
  setTimeout(() => {
    button.textContent = "Copy";
    button.classList.remove("done");
  }, 2000);
}

const menu = document.getElementById("menu");
const contents = document.getElementById("contents");
menu.hidden = false;
fold(true);
menu.addEventListener("click", () => fold(menu.getAttribute("aria-expanded") === "true"));

function fold(folded) {
  contents.classList.toggle("folded", folded);
  menu.setAttribute("aria-expanded", String(!folded));
}

const current = contents.querySelector("[aria-current]");
if (current && current.offsetTop > contents.clientHeight) contents.scrollTop = current.offsetTop - contents.clientHeight / 2;

const places = new Map([...document.querySelectorAll("#here a")].map((link) => [link.hash.slice(1), link]));
const headings = [...places.keys()].map((id) => document.getElementById(id));
let shown = null;
let asked = false;

function showWhere() {
  asked = false;
  const line = innerHeight / 4;
  const passed = headings.filter((heading) => heading.getBoundingClientRect().top < line);
  const link = places.get((passed.at(-1) ?? headings[0])?.id);
  if (link === shown) return;
  shown?.removeAttribute("aria-current");
  link?.setAttribute("aria-current", "true");
  shown = link;
}

function askWhere() {
  if (!asked) requestAnimationFrame(showWhere);
  asked = true;
}

if (headings.length > 0) {
  addEventListener("scroll", askWhere, { passive: true });
  askWhere();
}

search();
