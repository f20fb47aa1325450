// @ts-check
/** Three slots for the terms of latent arithmetic, as in the DCGAN paper: mean(first) - mean(second) + mean(third). */

import { button, h, replaceItems } from "../dom.js";
import { nameOf, show } from "../images.js";
import { isSaved, saved, state } from "../state.js";
import { DRAG_TYPE } from "./saved-images.js";

/** @typedef {import("../state.js").GeneratedImage} GeneratedImage */

export const WEIGHTS = [1, -1, 1];
const SIGNS = ["+", "−", "+"];
const NAMES = ["Start with", "Subtract", "Add"];

export class TermSlots {
  /**
   * @param {string} model whose slots are shown, with their former content
   * @param {() => void} onChange called when a slot has changed
   * @param {() => void} onNothingSelected called when an image is to be added and none is selected
   */
  constructor(model, onChange, onNothingSelected) {
    this.onChange = onChange;
    this.onNothingSelected = onNothingSelected;
    this.images = state.termSlots[model] ??= [[], [], []];
    /** @type {GeneratedImage|null} */
    this.selected = null;
    this.lists = NAMES.map((name) => h("ul", { "aria-label": name }));
    this.headings = NAMES.map((name, index) =>
      h("h2", { tabindex: "-1" }, h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[index]), ` ${name}`),
    );
    this.element = h("div", { class: "term-slots" }, ...this.lists.map((list, index) => this.slot(list, index)));
    this.lists.forEach((_, index) => this.fill(index));
  }

  /** @param {HTMLElement} list @param {number} index */
  slot(list, index) {
    const element = h(
      "section",
      { class: "term-slot", "aria-label": `Slot ${index + 1}: ${NAMES[index]}` },
      this.headings[index],
      list,
      button("Add here", () => (this.selected ? this.add(index, this.selected) : this.onNothingSelected()), {
        class: "quiet",
      }),
    );
    element.addEventListener("dragover", (/** @type {DragEvent} */ event) => {
      if (!event.dataTransfer?.types.includes(DRAG_TYPE)) return;
      event.preventDefault();
      element.classList.add("drop-target");
    });
    for (const name of ["dragleave", "drop"])
      element.addEventListener(name, () => element.classList.remove("drop-target"));
    element.addEventListener("drop", (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      const dragged = saved().find((image) => image.id === event.dataTransfer?.getData(DRAG_TYPE));
      if (dragged) this.add(index, dragged);
    });
    return element;
  }

  /** @param {number} index @param {GeneratedImage} image */
  add(index, image) {
    this.images[index] = [...this.images[index], image];
    this.fill(index);
    this.onChange();
  }

  /** Removes images that are no longer saved from all slots. */
  removeUnsaved() {
    const before = this.images.flat().length;
    this.images.forEach((images, index) => {
      this.images[index] = images.filter(isSaved);
      this.fill(index);
    });
    if (this.images.flat().length !== before) this.onChange();
  }

  /** @param {number} index */
  fill(index) {
    const items = this.images[index].map((image, position) => h("li", {}, this.removeButton(index, position, image)));
    replaceItems(this.lists[index], items, this.headings[index]);
  }

  /** @param {number} index @param {number} position @param {GeneratedImage} image */
  removeButton(index, position, image) {
    const remove = () => {
      this.images[index].splice(position, 1);
      this.fill(index);
      this.onChange();
    };
    const label = `Remove ${nameOf(image)} from slot ${index + 1}`;
    const attributes = { type: "button", class: "image", "aria-label": label, title: "Remove", on: { click: remove } };
    return h("button", attributes, show(image, ""));
  }

  /** The terms of an arithmetic call; empty slots are left out. */
  terms() {
    return WEIGHTS.map((weight, index) => ({
      weight,
      latents: this.images[index].map((image) => image.latent),
    })).filter((term) => term.latents.length);
  }
}
