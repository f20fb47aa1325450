// @ts-check
/** The page: asks what is served, shows the view that the address names, and takes the key. */

import { Failure, json, ready } from "./api.js";
import * as calls from "./calls.js";
import { button, h } from "./dom.js";
import { key, setKey, state } from "./state.js";
import { Task } from "./task.js";
import * as arithmetic from "./views/arithmetic.js";
import * as encode from "./views/encode.js";
import * as gallery from "./views/gallery.js";
import * as judge from "./views/discriminate.js";
import * as sample from "./views/sample.js";
import * as translate from "./views/translate.js";
import * as walk from "./views/interpolate.js";

/**
 * @typedef {object} View
 * @property {string} name in the address, after #
 * @property {string} title
 * @property {string} lede one sentence on what it is for
 * @property {(root: HTMLElement, life: AbortSignal) => void} mount `life` ends when the view is left
 */

/** @type {View[]} */
const VIEWS = [gallery, sample, walk, arithmetic, translate, judge, encode];
const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const tabs = /** @type {HTMLElement} */ (document.getElementById("tabs"));
const keyPanel = /** @type {HTMLDetailsElement} */ (document.getElementById("key"));
const keyField = /** @type {HTMLInputElement} */ (document.getElementById("key-field"));
const links = VIEWS.map((view) => h("a", { href: `#${view.name}` }, view.title));
let life = new AbortController();
let isLoaded = false;

/** @param {boolean} moves whether a person has come from another view */
function open(moves) {
  const asked = location.hash.slice(1);
  if (asked === "main" && main.querySelector(".view")) return main.focus();
  const view = VIEWS.find((each) => each.name === asked) ?? VIEWS[0];
  life.abort();
  life = new AbortController();
  const heading = h("h1", { tabindex: "-1" }, view.title);
  const root = h("div", { class: `view ${view.name}`, on: { again: renew } });
  main.replaceChildren(heading, h("p", { class: "lede" }, view.lede), root);
  document.title = `${view.title} · Ganvas`;
  links.forEach((link, index) => {
    if (VIEWS[index] === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  view.mount(root, life.signal);
  if (!moves) return;
  scrollTo(0, 0);
  heading.focus({ preventScroll: true });
}

/** Opens the same view again for another model; whoever chose it goes on from there. */
function renew() {
  open(false);
  main.querySelector("select")?.focus();
}

/** @param {boolean} [waits] until all models are open @param {boolean} [moves] whether a button here was pressed */
async function load(waits = true, moves = false) {
  isLoaded = false;
  life.abort();
  life = new AbortController();
  const { signal: here } = life;
  const task = new Task(here);
  const why = h("p", { class: "note" });
  const enough = button("Show what is served already", () => load(false, true), { hidden: true });
  const retry = button("Try again", () => load(true, true), { hidden: true });
  main.replaceChildren(task.element, why, enough, retry);
  if (moves) main.focus();
  const answer = await task.run("Opening the models", async (signal) => {
    try {
      if (waits)
        await ready(signal, (sentence) => {
          why.textContent = sentence;
          enough.hidden = false;
        });
      return await json(calls.models(), signal);
    } catch (error) {
      if (error instanceof Failure && error.status === 401) {
        keyPanel.open = true;
        keyField.focus();
      }
      throw error;
    }
  });
  if (here.aborted) return;
  why.hidden = enough.hidden = true;
  retry.hidden = Boolean(answer);
  if (!answer) return;
  isLoaded = true;
  state.cards = answer.models;
  state.skipped = answer.skipped;
  const served = new Set(state.cards.map((card) => `${card.name}@${card.version}`));
  state.kept = state.kept.filter((picture) => served.has(picture.model));
  open(false);
}

tabs.append(...links);
keyField.value = key();
document.getElementById("key-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  setKey(keyField.value.trim());
  keyPanel.open = false;
  load();
});
addEventListener("hashchange", () => {
  if (isLoaded) open(true);
  else load();
});
load();
