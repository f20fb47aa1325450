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

/** @typedef {any} Card as `GET /v1/models` gives it */

const KEPT = "ganvas.kept";
const KEY = "ganvas.key";
const MOST_KEPT = 48;
const changes = new EventTarget();

/** @type {{cards: Card[], skipped: any[], kept: Picture[], chosen: Record<string, string>, classes: Record<string, string>}} */
export const state = { cards: [], skipped: [], kept: read(), chosen: {}, classes: {} };

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
