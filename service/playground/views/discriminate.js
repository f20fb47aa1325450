// @ts-check
/** The discriminator's rating of a saved or uploaded image, and a game of guessing ratings. */

import { json } from "../api.js";
import * as calls from "../calls.js";
import { CodePanel } from "../components/code-panel.js";
import { dropzone } from "../components/dropzone.js";
import { guessingGame } from "../components/guessing-game.js";
import { savedImages } from "../components/saved-images.js";
import { h } from "../dom.js";
import { blobOf, nameOf, shrink } from "../images.js";
import { classSelect, isSmall, modelSelect, noModel, reference, selectedClass, selectedModel } from "../models.js";
import { state } from "../state.js";
import { Task } from "../task.js";

export const name = "discriminate";
export const title = "Discriminate";
export const intro =
  "Real or generated? The discriminator was trained to distinguish the two. Show it an image, or guess its rating.";

/** @typedef {import("../snippets.js").Step} Step */
/** @typedef {import("../state.js").Upload} Upload */

const MAX_PX = 1024;

/** @param {HTMLElement} root @param {AbortSignal} viewSignal */
export function mount(root, viewSignal) {
  const card = selectedModel("discriminate");
  if (!card) return void root.append(noModel("None of the served models includes its discriminator."));
  const task = new Task(viewSignal),
    code = new CodePanel();
  const model = reference(card);
  const output = h("div", { class: "rating" });
  const defaultClass = () => selectedClass(card) ?? card.classes?.[0] ?? null;
  let url = "";
  viewSignal.addEventListener("abort", () => URL.revokeObjectURL(url));

  /** @param {Upload} image @param {string|null} class_ @param {Step[]} [before] steps that generate the image */
  async function discriminate(image, class_, before = []) {
    const rating = await task.run("Running the discriminator", async (signal) => {
      const { file, name: input } = await shrink(image, MAX_PX, signal);
      const call = calls.discriminate(model, file, class_);
      code.show([...before, { call, input }]);
      return json(call, signal);
    });
    if (!rating) return output.replaceChildren();
    URL.revokeObjectURL(url);
    url = URL.createObjectURL(image.file);
    output.replaceChildren(
      h("img", { src: url, alt: "The rated image", class: before.length && isSmall(card) ? "pixels" : null }),
      h(
        "div",
        {},
        h("p", { class: "figure", role: "status" }, sentenceOf(rating)),
        rating.probability !== null &&
          h("meter", { min: 0, max: 1, value: String(rating.probability), "aria-label": "Probability of being real" }),
        h("p", { class: "note" }, `Score ${rating.score.toFixed(2)}, by ${rating.model}.`),
      ),
    );
  }

  const thumbnails = savedImages({
    card,
    task,
    viewSignal,
    onSelect: (image) => {
      delete state.uploads[name];
      const output = "image.png";
      const class_ = typeof image.class === "string" ? image.class : defaultClass();
      const steps = [{ call: calls.regenerate(image), output }];
      discriminate({ file: blobOf(image.src), name: output }, class_, steps);
    },
    label: (image) => `Rate ${nameOf(image)}`,
    onGenerate: (step) => code.show([step]),
  });
  const onUpload = (/** @type {Upload} */ upload) => {
    state.uploads[name] = upload;
    discriminate(upload, defaultClass());
  };
  root.append(
    h(
      "div",
      { class: "controls" },
      modelSelect("discriminate", () => root.dispatchEvent(new Event("modelchange"))),
      classSelect(card, () => {}, { any: false }),
    ),
    thumbnails.element,
    dropzone({ viewSignal, onUpload }),
    task.element,
    output,
    guessingGame(card, viewSignal, code),
    code.element,
  );
  if (state.uploads[name]) onUpload(state.uploads[name]);
}

/** @param {{probability: number|null, score: number}} rating */
function sentenceOf({ probability, score }) {
  if (probability === null) return `Critic score ${score.toFixed(2)}: higher means more real.`;
  return `${Math.round(100 * probability)} % real`;
}
