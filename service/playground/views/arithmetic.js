// @ts-check
/** Latent arithmetic with saved images, with variations and moves along named directions. */

import { json } from "../api.js";
import * as calls from "../calls.js";
import { CodePanel } from "../components/code-panel.js";
import { directionSliders } from "../components/direction-sliders.js";
import { ImageGrid, saveButton } from "../components/image-grid.js";
import { savedImages } from "../components/saved-images.js";
import { TermSlots } from "../components/term-slots.js";
import { debounce, h } from "../dom.js";
import { fromResponse, nameOf } from "../images.js";
import { modelSelect, noModel, reference, selectedModel } from "../models.js";
import { onSavedChange } from "../state.js";
import { Task } from "../task.js";

export const name = "arithmetic";
export const title = "Arithmetic";
export const intro = "The mean latents of the slots, added and subtracted: 1 − 2 + 3.";

const PAUSE_MS = 120;
const VARIATIONS = 8;

/** @param {HTMLElement} root @param {AbortSignal} viewSignal */
export function mount(root, viewSignal) {
  const card = selectedModel("generate");
  if (!card) return void root.append(noModel("None of the served models generates images from latents."));
  const task = new Task(viewSignal),
    code = new CodePanel(),
    variations = new ImageGrid(viewSignal, "Variations");
  const hint = h("p", { class: "note", role: "status" });
  const result = h("div", { class: "result" });
  const output = h(
    "section",
    { class: "output", "aria-label": "Result", hidden: true },
    h("div", {}, h("h2", {}, "= Result"), result),
    h("div", {}, h("h2", {}, "Variations"), variations.element),
  );
  const computeLater = debounce(() => compute(), PAUSE_MS, viewSignal);
  const sliders = directionSliders(card.directions, computeLater);
  const slots = new TermSlots(
    reference(card),
    () => {
      updateHint();
      computeLater();
    },
    () => {
      hint.textContent = "Select one of the saved images below first.";
    },
  );
  const thumbnails = savedImages({
    card,
    task,
    viewSignal,
    onSelect: (image) => {
      slots.selected = image;
      thumbnails.refresh();
      updateHint();
    },
    label: (image) => `Select ${nameOf(image)}; keys 1, 2 and 3 add it to a slot`,
    isSelected: (image) => slots.selected === image,
    onGenerate: (step) => code.show([step]),
    onKey: (image, key) => {
      if (!["1", "2", "3"].includes(key)) return false;
      slots.add(Number(key) - 1, image);
      return true;
    },
  });

  function updateHint() {
    hint.textContent = slots.selected
      ? `Selected: ${nameOf(slots.selected)}. Add it to a slot.`
      : "Drag saved images into the slots, or select an image and press a slot's button. With the keyboard, press 1, 2 or 3 on an image.";
  }

  async function compute() {
    const terms = slots.terms();
    output.hidden = terms.length === 0;
    if (!terms.length) {
      code.element.hidden = true;
      return task.stop("");
    }
    const moves = sliders.weights();
    const call = calls.arithmetic(reference(card), {
      terms,
      directions: moves.length ? moves : null,
      variations: VARIATIONS,
      seed: 0,
    });
    code.show([{ call, output: "result.png" }]);
    const response = await task.run("Generating", (signal) => json(calls.as(call, "json"), signal));
    if (!response) return;
    const [first, ...others] = fromResponse(response);
    result.replaceChildren(saveButton(first, "the result"));
    variations.replace(others);
  }

  onSavedChange(() => {
    slots.removeUnsaved();
    const { selected } = slots;
    if (selected && !thumbnails.element.querySelector(`[data-id="${CSS.escape(selected.id)}"]`)) slots.selected = null;
    updateHint();
  }, viewSignal);
  root.append(
    h(
      "div",
      { class: "controls" },
      modelSelect("generate", () => root.dispatchEvent(new Event("modelchange"))),
    ),
    h("div", { class: "equation" }, slots.element, output),
    task.element,
    hint,
    thumbnails.element,
    sliders.element,
    code.element,
  );
  updateHint();
  slots.removeUnsaved();
  compute();
}
