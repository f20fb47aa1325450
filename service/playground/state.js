// @ts-check
/** What the page remembers in this tab: the key, the kept pictures, the chosen models. Knows no element and no call. */

/**
 * @typedef {object} Picture a drawn picture, and what draws it again
 * @property {string} id
 * @property {string} model `name@version`
 * @property {any} latent as the API gave it
 * @property {string|Record<string, number>|null} class
 * @property {number|null} seed
 * @property {string} src a data: URL
 */

/**
 * @typedef {object} Given a picture of a person's own
 * @property {Blob} file
 * @property {string} [name] of the file, where there is one with these bytes
 */

/** @typedef {any} Card as `GET /v1/models` gives it */

/**
 * @typedef {object} State what lasts until the page is left
 * @property {Card[]} cards
 * @property {any[]} skipped
 * @property {Picture[]} kept longer than the page, as long as the tab
 * @property {Record<string, string>} chosen models by task
 * @property {Record<string, string>} classes by model
 * @property {Record<string, Picture[][]>} bins by model
 * @property {{seed: string, n: number, truncation: number}} sample
 * @property {Record<string, Given>} given by view
 * @property {import("./components/drawing-canvas.js").Box[]} drawing
 */

const KEPT = "ganvas.kept";
const KEY = "ganvas.key";
const MOST_KEPT = 48;
const changes = new EventTarget();

/** @type {State} */
export const state = {
  cards: [],
  skipped: [],
  kept: read(),
  chosen: {},
  classes: {},
  bins: {},
  sample: { seed: "0", n: 24, truncation: 1 },
  given: {},
  drawing: [],
};

/** The key that calls are sent with; empty without one. */
export function key() {
  return sessionStorage.getItem(KEY) ?? "";
}

/** @param {string} value */
export function setKey(value) {
  if (value) sessionStorage.setItem(KEY, value);
  else sessionStorage.removeItem(KEY);
}

/**
 * Kept pictures of a model, or all of them.
 * @param {string} [model]
 */
export function kept(model) {
  return state.kept.filter((picture) => !model || picture.model === model);
}

/** @param {Picture} picture */
export function isKept(picture) {
  return state.kept.some((other) => other.id === picture.id);
}

/** @param {...Picture} pictures */
export function keep(...pictures) {
  state.kept = [...state.kept, ...pictures.filter((picture) => !isKept(picture))].slice(-MOST_KEPT);
  changed();
}

/** @param {Picture} picture */
export function letGo(picture) {
  state.kept = state.kept.filter((other) => other.id !== picture.id);
  changed();
}

/**
 * Calls whenever the kept pictures change, until a view ends.
 * @param {() => void} act
 * @param {AbortSignal} life
 */
export function onKept(act, life) {
  changes.addEventListener("kept", act, { signal: life });
}

function changed() {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(state.kept));
  } catch {
    sessionStorage.removeItem(KEPT); // there is no more room: they last until the page is left
  }
  changes.dispatchEvent(new Event("kept"));
}

/** @returns {Picture[]} */
function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
  } catch {
    return [];
  }
}
