// @ts-check
/** Which views a model supports, according to its card, and the selection of a model and a class. */

import { h, select } from "./dom.js";
import { state } from "./state.js";

/** @typedef {import("./state.js").Card} Card */

/** @type {Record<string, string>} */
const METHODS = {
  gan: "GAN",
  wgan: "WGAN",
  "wgan-gp": "WGAN-GP",
  dcgan: "DCGAN",
  pix2pix: "Pix2pix",
  cyclegan: "CycleGAN",
};
const SMALL_PX = 32;

/** @type {Record<string, (card: Card) => boolean>} */
export const can = {
  generate: (card) => card.task === "generate",
  translate: (card) => card.task === "translate",
  discriminate: (card) => card.task === "generate" && card.networks.includes("discriminator"),
  encode: (card) => card.task === "generate" && card.networks.includes("encoder"),
  buildFacades: (card) =>
    card.task === "translate" && card.source === "labels" && /facade/i.test(`${card.name} ${card.description}`),
};

/** @param {Card} card */
export const reference = (card) => `${card.name}@${card.version}`;

/** @param {Card} card */
export const methodOf = (card) => METHODS[card.method] ?? card.method;

/** Whether pixels are shown as squares; on larger images they would hide the content. @param {Card} card */
export const isSmall = (card) => card.image.height <= SMALL_PX;

/** @param {string} name `name@version` @returns {Card|undefined} */
export const find = (name) => state.cards.find((card) => reference(card) === name);

/**
 * The newest served version of the inverse that a translator names.
 * @param {Card} card
 * @returns {Card|undefined}
 */
export function inverseOf(card) {
  const found = state.cards.filter((other) => other.name === card.inverse);
  return found.sort((one, other) => other.version - one.version)[0];
}

/**
 * The model that a view uses: the selected one, or the first one with the ability.
 * @param {string} ability a name in `can`
 * @returns {Card|undefined}
 */
export function selectedModel(ability) {
  const able = state.cards.filter(can[ability]);
  const task = ability === "translate" ? "translate" : "generate";
  return able.find((card) => reference(card) === state.selected[task]) ?? able[0];
}

/**
 * A select element for the models with an ability.
 * @param {string} ability
 * @param {(card: Card) => void} onChange
 */
export function modelSelect(ability, onChange) {
  const able = state.cards.filter(can[ability]);
  const names = able.map((card) => card.name);
  const options = able.map(
    (card) =>
      /** @type {[string, string]} */ ([
        reference(card),
        names.filter((name) => name === card.name).length > 1 ? reference(card) : card.name,
      ]),
  );
  const current = selectedModel(ability);
  return select("Model", options, current ? reference(current) : "", (value) => {
    const card = /** @type {Card} */ (find(value));
    selectModel(card);
    onChange(card);
  });
}

/** Selects a model for its task. @param {Card} card */
export function selectModel(card) {
  state.selected[card.task === "translate" ? "translate" : "generate"] = reference(card);
}

/**
 * A select element for a model's classes; null for a model without classes.
 * @param {Card} card
 * @param {(name: string|null) => void} onChange
 * @param {{any?: boolean}} [about] `any`: whether the class may follow from the seed
 * @returns {HTMLElement|null}
 */
export function classSelect(card, onChange, { any = true } = {}) {
  if (!card.classes) return null;
  const options = card.classes.map((/** @type {string} */ name) => /** @type {[string, string]} */ ([name, name]));
  const all = any ? [/** @type {[string, string]} */ (["", "any"]), ...options] : options;
  return select("Class", all, state.classes[reference(card)] ?? "", (value) => {
    state.classes[reference(card)] = value;
    onChange(value || null);
  });
}

/** The selected class of a model. @param {Card} card @returns {string|null} */
export const selectedClass = (card) => (card.classes && state.classes[reference(card)]) || null;

/** The text of a view that no served model supports. @param {string} sentence */
export const noModel = (sentence) => h("p", { class: "no-model" }, sentence);
