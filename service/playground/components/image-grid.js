// @ts-check
/** A grid of generated images; a click or Enter saves an image. */

import { h } from "../dom.js";
import { nameOf, show } from "../images.js";
import { isSaved, onSavedChange, save, unsave } from "../state.js";

/** @typedef {import("../state.js").GeneratedImage} GeneratedImage */

/**
 * An image as a button that saves or unsaves it.
 * @param {GeneratedImage} image
 * @param {string} [name]
 */
export function saveButton(image, name = nameOf(image)) {
  const toggle = () => (isSaved(image) ? unsave(image) : save(image));
  const element = h(
    "button",
    {
      type: "button",
      class: "image",
      "aria-label": `Save ${name}`,
      title: name,
      on: { click: toggle },
    },
    show(image, ""),
  );
  element.image = image;
  mark(element);
  return element;
}

/** Images side by side; saved images are marked. */
export class ImageGrid {
  /** @param {AbortSignal} viewSignal @param {string} label */
  constructor(viewSignal, label) {
    this.element = h("div", { class: "grid", role: "group", "aria-label": label });
    onSavedChange(() => this.element.querySelectorAll(".image").forEach(mark), viewSignal);
  }

  /** @param {GeneratedImage[]} images */
  replace(images) {
    this.element.replaceChildren(...images.map((image) => saveButton(image)));
  }

  /** @param {GeneratedImage[]} images */
  append(images) {
    this.element.append(...images.map((image) => saveButton(image)));
  }
}

/** @param {any} element */
function mark(element) {
  element.setAttribute("aria-pressed", String(isSaved(element.image)));
}
