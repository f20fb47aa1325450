// @ts-check
/** The page: loads the model cards, shows the view that the URL's hash names, and reads the API key. */

import { Failure, json, ready } from "./api.js";
import * as calls from "./calls.js";
import { button, h } from "./dom.js";
import { key, setKey, state } from "./state.js";
import { Task } from "./task.js";
import * as arithmetic from "./views/arithmetic.js";
import * as discriminate from "./views/discriminate.js";
import * as encode from "./views/encode.js";
import * as gallery from "./views/gallery.js";
import * as interpolate from "./views/interpolate.js";
import * as sample from "./views/sample.js";
import * as translate from "./views/translate.js";

/**
 * @typedef {object} View
 * @property {string} name in the URL's hash; the name of the API call, except for the gallery
 * @property {string} title
 * @property {string} intro one sentence on what the view is for
 * @property {(root: HTMLElement, viewSignal: AbortSignal) => void} mount `viewSignal` aborts when the view is left
 */

/** @type {View[]} */
const VIEWS = [gallery, sample, interpolate, arithmetic, translate, discriminate, encode];
/** Hashes of earlier versions, which may be bookmarked. @type {Record<string, string>} */
const FORMER_NAMES = { walk: interpolate.name, "real-or-fake": discriminate.name };
const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const tabs = /** @type {HTMLElement} */ (document.getElementById("tabs"));
const keyPanel = /** @type {HTMLDetailsElement} */ (document.getElementById("key"));
const keyField = /** @type {HTMLInputElement} */ (document.getElementById("key-field"));
const links = VIEWS.map((view) => h("a", { href: `#${view.name}` }, view.title));
let viewController = new AbortController();
let isLoaded = false;

/** The view's name in the URL's hash; replaces a former name by the current one. */
function requestedName() {
  const name = location.hash.slice(1);
  const current = Object.hasOwn(FORMER_NAMES, name) ? FORMER_NAMES[name] : undefined;
  if (current) history.replaceState(null, "", `#${current}`);
  return current ?? name;
}

/** @param {boolean} movesFocus whether the user came from another view */
function open(movesFocus) {
  const name = requestedName();
  if (name === "main" && main.querySelector(".view")) return main.focus();
  const view = VIEWS.find((each) => each.name === name) ?? VIEWS[0];
  viewController.abort();
  viewController = new AbortController();
  const heading = h("h1", { tabindex: "-1" }, view.title);
  const root = h("div", { class: `view ${view.name}`, on: { modelchange: remount } });
  main.replaceChildren(heading, h("p", { class: "intro" }, view.intro), root);
  document.title = `${view.title} · Ganvas`;
  links.forEach((link, index) => {
    if (VIEWS[index] === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  view.mount(root, viewController.signal);
  if (!movesFocus) return;
  scrollTo(0, 0);
  heading.focus({ preventScroll: true });
}

/** Opens the same view for another model; the focus stays on the model's select element. */
function remount() {
  open(false);
  main.querySelector("select")?.focus();
}

/** @param {boolean} [waits] until all models are loaded @param {boolean} [movesFocus] whether a button was pressed */
async function load(waits = true, movesFocus = false) {
  isLoaded = false;
  viewController.abort();
  viewController = new AbortController();
  const { signal: viewSignal } = viewController;
  const task = new Task(viewSignal);
  const reason = h("p", { class: "note" });
  const skip = button("Show the models loaded so far", () => load(false, true), { hidden: true });
  const retry = button("Try again", () => load(true, true), { hidden: true });
  main.replaceChildren(task.element, reason, skip, retry);
  if (movesFocus) main.focus();
  const response = await task.run("Loading the models", async (signal) => {
    try {
      if (waits)
        await ready(signal, (sentence) => {
          reason.textContent = sentence;
          skip.hidden = false;
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
  if (viewSignal.aborted) return;
  reason.hidden = skip.hidden = true;
  retry.hidden = Boolean(response);
  if (!response) return;
  isLoaded = true;
  state.cards = response.models;
  state.skipped = response.skipped;
  const served = new Set(state.cards.map((card) => `${card.name}@${card.version}`));
  state.saved = state.saved.filter((image) => served.has(image.model));
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
