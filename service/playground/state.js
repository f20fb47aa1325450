// @ts-check
/** State of this tab: API key, saved images, selected models. Contains no elements and sends no requests. */

/**
 * @typedef {object} GeneratedImage a generated image, and the latent that reproduces it
 * @property {string} id
 * @property {string} model `name@version`
 * @property {any} latent as in the API's response
 * @property {string|Record<string, number>|null} class
 * @property {number|null} seed
 * @property {string} src a data: URL
 */

/**
 * @typedef {object} Upload an image from the user
 * @property {Blob} file
 * @property {string} [name] of the file with these bytes; missing if no such file exists
 */

/** @typedef {any} Card a model card as in the response of `GET /v1/models` */

/**
 * @typedef {object} State lasts until the page is closed or reloaded; `saved` lasts until the tab is closed
 * @property {Card[]} cards
 * @property {any[]} skipped
 * @property {GeneratedImage[]} saved
 * @property {Record<string, string>} selected models by task
 * @property {Record<string, string>} classes by model
 * @property {Record<string, GeneratedImage[][]>} termSlots by model
 * @property {{seed: string, n: number, truncation: number}} sample
 * @property {Record<string, Upload>} uploads by view
 * @property {import("./components/drawing-canvas.js").Box[]} drawing
 */

const SAVED = "ganvas.saved";
const FORMER_SAVED = "ganvas.kept"; // of earlier versions; read once and stored under the new name
const KEY = "ganvas.key";
const MAX_SAVED = 48;
const changes = new EventTarget();

/** @type {State} */
export const state = {
  cards: [],
  skipped: [],
  saved: load(),
  selected: {},
  classes: {},
  termSlots: {},
  sample: { seed: "0", n: 24, truncation: 1 },
  uploads: {},
  drawing: [],
};

/** The API key that is sent with each request; empty if none is set. */
export function key() {
  return sessionStorage.getItem(KEY) ?? "";
}

/** @param {string} value */
export function setKey(value) {
  if (value) sessionStorage.setItem(KEY, value);
  else sessionStorage.removeItem(KEY);
}

/**
 * The saved images of a model, or of all models.
 * @param {string} [model]
 */
export function saved(model) {
  return state.saved.filter((image) => !model || image.model === model);
}

/** @param {GeneratedImage} image */
export function isSaved(image) {
  return state.saved.some((other) => other.id === image.id);
}

/** @param {...GeneratedImage} images the oldest saved images are dropped above the limit */
export function save(...images) {
  state.saved = [...state.saved, ...images.filter((image) => !isSaved(image))].slice(-MAX_SAVED);
  store();
}

/** @param {GeneratedImage} image */
export function unsave(image) {
  state.saved = state.saved.filter((other) => other.id !== image.id);
  store();
}

/**
 * Calls back when the saved images change, until the view is left.
 * @param {() => void} onChange
 * @param {AbortSignal} viewSignal
 */
export function onSavedChange(onChange, viewSignal) {
  changes.addEventListener("saved", onChange, { signal: viewSignal });
}

function store() {
  try {
    sessionStorage.setItem(SAVED, JSON.stringify(state.saved));
  } catch {
    sessionStorage.removeItem(SAVED); // The storage is full: the images last until the page is closed.
  }
  changes.dispatchEvent(new Event("saved"));
}

/** @returns {GeneratedImage[]} */
function load() {
  const former = sessionStorage.getItem(FORMER_SAVED);
  if (former !== null) {
    sessionStorage.removeItem(FORMER_SAVED);
    if (sessionStorage.getItem(SAVED) === null) sessionStorage.setItem(SAVED, former);
  }
  try {
    return JSON.parse(sessionStorage.getItem(SAVED) ?? "[]");
  } catch {
    return [];
  }
}
