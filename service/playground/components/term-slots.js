// @ts-check
/** Three bins for kept pictures, as in the DCGAN paper: the mean of each, the first minus the second plus the third. */

import { button, h, refill } from "../dom.js";
import { nameOf, show } from "../images.js";
import { isKept, kept, state } from "../state.js";
import { DRAGGED } from "./saved-images.js";

/** @typedef {import("../state.js").Picture} Picture */

export const WEIGHTS = [1, -1, 1];
const SIGNS = ["+", "−", "+"];
const NAMES = ["Start from", "Take away", "Add"];

export class Bins {
  /**
   * @param {string} model whose bins, which are as they were left
   * @param {() => void} act when a bin has changed
   * @param {() => void} ask when nothing is chosen for one
   */
  constructor(model, act, ask) {
    this.act = act;
    this.ask = ask;
    this.pictures = state.bins[model] ??= [[], [], []];
    /** @type {Picture|null} */
    this.chosen = null;
    this.lists = NAMES.map((name) => h("ul", { "aria-label": name }));
    this.headings = NAMES.map((name, index) =>
      h("h2", { tabindex: "-1" }, h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[index]), ` ${name}`),
    );
    this.element = h("div", { class: "bins" }, ...this.lists.map((list, index) => this.bin(list, index)));
    this.lists.forEach((_, index) => this.fill(index));
  }

  /** @param {HTMLElement} list @param {number} index */
  bin(list, index) {
    const element = h(
      "section",
      { class: "bin", "aria-label": `Bin ${index + 1}: ${NAMES[index]}` },
      this.headings[index],
      list,
      button("Put it here", () => (this.chosen ? this.put(index, this.chosen) : this.ask()), { class: "quiet" }),
    );
    element.addEventListener("dragover", (/** @type {DragEvent} */ event) => {
      if (!event.dataTransfer?.types.includes(DRAGGED)) return;
      event.preventDefault();
      element.classList.add("over");
    });
    for (const name of ["dragleave", "drop"]) element.addEventListener(name, () => element.classList.remove("over"));
    element.addEventListener("drop", (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      const found = kept().find((picture) => picture.id === event.dataTransfer?.getData(DRAGGED));
      if (found) this.put(index, found);
    });
    return element;
  }

  /** @param {number} index @param {Picture} picture */
  put(index, picture) {
    this.pictures[index] = [...this.pictures[index], picture];
    this.fill(index);
    this.act();
  }

  /** Takes out of all bins what is no longer kept. */
  tidy() {
    const before = this.pictures.flat().length;
    this.pictures.forEach((pictures, index) => {
      this.pictures[index] = pictures.filter(isKept);
      this.fill(index);
    });
    if (this.pictures.flat().length !== before) this.act();
  }

  /** @param {number} index */
  fill(index) {
    const items = this.pictures[index].map((picture, place) => h("li", {}, this.taker(index, place, picture)));
    refill(this.lists[index], items, this.headings[index]);
  }

  /** @param {number} index @param {number} place @param {Picture} picture */
  taker(index, place, picture) {
    const take = () => {
      this.pictures[index].splice(place, 1);
      this.fill(index);
      this.act();
    };
    const label = `Take ${nameOf(picture)} out`;
    const given = { type: "button", class: "picture", "aria-label": label, title: "Take out", on: { click: take } };
    return h("button", given, show(picture, ""));
  }

  /** The terms of an arithmetic call. */
  terms() {
    return WEIGHTS.map((weight, index) => ({
      weight,
      latents: this.pictures[index].map((picture) => picture.latent),
    })).filter((term) => term.latents.length);
  }
}
