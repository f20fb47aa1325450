// @ts-check
/** Three bins for kept pictures, as in the DCGAN paper: the mean of each, the first minus the second plus the third. */

import { button, h } from "../dom.js";
import { nameOf, show } from "../pictures.js";
import { kept } from "../state.js";
import { DRAGGED } from "./shelf.js";

/** @typedef {import("../state.js").Picture} Picture */

export const WEIGHTS = [1, -1, 1];
const SIGNS = ["+", "−", "+"];
const NAMES = ["Start from", "Take away", "Add"];

export class Bins {
  /** @param {() => void} act when a bin has changed @param {() => void} ask when nothing is chosen for one */
  constructor(act, ask) {
    this.act = act;
    this.ask = ask;
    /** @type {Picture[][]} */
    this.pictures = [[], [], []];
    /** @type {Picture|null} */
    this.chosen = null;
    this.lists = NAMES.map((name) => h("ul", { "aria-label": name }));
    this.element = h("div", { class: "bins" }, ...this.lists.map((list, index) => this.bin(list, index)));
  }

  /** @param {HTMLElement} list @param {number} index */
  bin(list, index) {
    const element = h(
      "section",
      { class: "bin", "aria-label": `Bin ${index + 1}: ${NAMES[index]}` },
      h("h2", {}, h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[index]), ` ${NAMES[index]}`),
      list,
      button("Put the chosen one here", () => (this.chosen ? this.put(index, this.chosen) : this.ask()), {
        class: "quiet",
      }),
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
    const still = kept();
    const before = this.pictures.flat().length;
    this.pictures = this.pictures.map((pictures) => pictures.filter((picture) => still.includes(picture)));
    if (this.pictures.flat().length === before) return;
    this.lists.forEach((_, index) => this.fill(index));
    this.act();
  }

  /** @param {number} index */
  fill(index) {
    this.lists[index].replaceChildren(
      ...this.pictures[index].map((picture, place) =>
        h(
          "li",
          {},
          h(
            "button",
            {
              type: "button",
              class: "picture",
              "aria-label": `Take ${nameOf(picture)} out`,
              title: "Take out",
              on: {
                click: () => {
                  this.pictures[index].splice(place, 1);
                  this.fill(index);
                  this.act();
                },
              },
            },
            show(picture, ""),
          ),
        ),
      ),
    );
  }

  /** The terms of an arithmetic call. */
  terms() {
    return WEIGHTS.map((weight, index) => ({
      weight,
      latents: this.pictures[index].map((picture) => picture.latent),
    })).filter((term) => term.latents.length);
  }
}
