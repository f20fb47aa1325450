// @ts-check
/** What a model can do, as its card says; and the choice among those that can. */

import { choice, h } from "./dom.js";
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
  judge: (card) => card.task === "generate" && card.networks.includes("discriminator"),
  encode: (card) => card.task === "generate" && card.networks.includes("encoder"),
  buildFacades: (card) =>
    card.task === "translate" && card.source === "labels" && /facade/i.test(`${card.name} ${card.description}`),
};

/** @param {Card} card */
export const reference = (card) => `${card.name}@${card.version}`;

/** @param {Card} card */
export const methodOf = (card) => METHODS[card.method] ?? card.method;

/** Whether its pixels are to be seen as squares: those of a face would hide it. @param {Card} card */
export const isSmall = (card) => card.image.height <= SMALL_PX;

/** @param {string} name `name@version` @returns {Card|undefined} */
export const find = (name) => state.cards.find((card) => reference(card) === name);

/**
 * The newest served version that a translator names as the way back.
 * @param {Card} card
 * @returns {Card|undefined}
 */
export function inverseOf(card) {
  const found = state.cards.filter((other) => other.name === card.inverse);
  return found.sort((one, other) => other.version - one.version)[0];
}

/**
 * The model that a view works with: chosen before, or the first that can do it.
 * @param {string} ability a name in `can`
 * @returns {Card|undefined}
 */
export function chosen(ability) {
  const able = state.cards.filter(can[ability]);
  const task = ability === "translate" ? "translate" : "generate";
  return able.find((card) => reference(card) === state.chosen[task]) ?? able[0];
}

/**
 * A choice among the models that can do something.
 * @param {string} ability
 * @param {(card: Card) => void} act
 */
export function picker(ability, act) {
  const able = state.cards.filter(can[ability]);
  const names = able.map((card) => card.name);
  const options = able.map(
    (card) =>
      /** @type {[string, string]} */ ([
        reference(card),
        names.filter((name) => name === card.name).length > 1 ? reference(card) : card.name,
      ]),
  );
  const now = chosen(ability);
  return choice("Model", options, now ? reference(now) : "", (value) => {
    const card = /** @type {Card} */ (find(value));
    choose(card);
    act(card);
  });
}

/** Remembers a model for its task. @param {Card} card */
export function choose(card) {
  state.chosen[card.task === "translate" ? "translate" : "generate"] = reference(card);
}

/**
 * A choice of a model's class; nothing for a model without any.
 * @param {Card} card
 * @param {(name: string|null) => void} act
 * @param {{any?: boolean}} [about] `any`: whether the seed may choose
 * @returns {HTMLElement|null}
 */
export function classPicker(card, act, { any = true } = {}) {
  if (!card.classes) return null;
  const options = card.classes.map((/** @type {string} */ name) => /** @type {[string, string]} */ ([name, name]));
  const all = any ? [/** @type {[string, string]} */ (["", "any"]), ...options] : options;
  return choice("Class", all, state.classes[reference(card)] ?? "", (value) => {
    state.classes[reference(card)] = value;
    act(value || null);
  });
}

/** The chosen class of a model. @param {Card} card @returns {string|null} */
export const classOf = (card) => (card.classes && state.classes[reference(card)]) || null;

/** What a view says when no model can do it. @param {string} sentence */
export const nobody = (sentence) => h("p", { class: "nobody" }, sentence);
