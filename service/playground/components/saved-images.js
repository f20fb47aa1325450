// @ts-check
/** The saved images of one model, to select from, with a button that saves some random images. */

import { json } from "../api.js";
import * as calls from "../calls.js";
import { button, h, replaceItems } from "../dom.js";
import { fromResponse, nameOf, show } from "../images.js";
import { reference, selectedClass } from "../models.js";
import { onSavedChange, save, saved, unsave } from "../state.js";

/** @typedef {import("../state.js").GeneratedImage} GeneratedImage */
/** @typedef {import("../state.js").Card} Card */
/** @typedef {import("../snippets.js").Step} Step */

const SEED_COUNT = 2 ** 32;
export const DRAG_TYPE = "text/x-ganvas-image";

/**
 * @param {object} options
 * @param {Card} options.card whose images are shown
 * @param {import("../task.js").Task} options.task for requests
 * @param {AbortSignal} options.viewSignal
 * @param {(image: GeneratedImage) => void} options.onSelect called on a click
 * @param {(image: GeneratedImage) => string} options.label describes what a click does
 * @param {(step: Step) => void} options.onGenerate receives the call that generated random images
 * @param {(image: GeneratedImage, key: string) => boolean} [options.onKey] called
 *   on a key press on an image; returns whether the key has an effect
 * @param {(image: GeneratedImage) => boolean} [options.isSelected]
 * @returns {{element: HTMLElement, refresh: () => void}}
 */
export function savedImages({ card, task, viewSignal, onSelect, label, onGenerate, onKey, isSelected }) {
  const heading = h("h2", { tabindex: "-1" }, "Saved images");
  const list = h("ul", { class: "thumbnails", "aria-label": "Saved images" });
  const empty = h(
    "p",
    { class: "note" },
    "No images of this model are saved yet. Save images in ",
    h("a", { href: "#sample" }, "Sample"),
    ", or:",
  );
  const more = button("Save four random images", saveRandom, { class: "quiet" });

  async function saveRandom() {
    const seed = Math.floor(Math.random() * SEED_COUNT);
    const call = calls.sample(reference(card), { seed, n: 4, class: selectedClass(card) });
    const response = await task.run("Generating", (signal) => json(calls.as(call, "json"), signal));
    if (!response) return;
    save(...fromResponse(response, true));
    onGenerate({ call, output: "images.png" });
  }

  function refresh() {
    const images = saved(reference(card));
    replaceItems(list, images.map(item), heading);
    empty.hidden = images.length > 0;
  }

  /** @param {GeneratedImage} image */
  function item(image) {
    const selectButton = h(
      "button",
      {
        type: "button",
        class: "image",
        "aria-label": label(image),
        title: nameOf(image),
        draggable: "true",
        "data-id": image.id,
        "aria-pressed": isSelected ? String(isSelected(image)) : null,
        on: {
          click: () => onSelect(image),
          keydown: (/** @type {KeyboardEvent} */ event) => {
            if (onKey?.(image, event.key)) event.preventDefault();
          },
          dragstart: (/** @type {DragEvent} */ event) => event.dataTransfer?.setData(DRAG_TYPE, image.id),
        },
      },
      show(image, ""),
    );
    return h(
      "li",
      {},
      selectButton,
      button("×", () => unsave(image), { class: "remove", "aria-label": `Unsave ${nameOf(image)}` }),
    );
  }

  onSavedChange(refresh, viewSignal);
  refresh();
  return {
    element: h("section", { class: "saved-images", "aria-label": "Saved images" }, heading, list, empty, more),
    refresh,
  };
}
