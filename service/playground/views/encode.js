// @ts-check
/** The encoder's reconstruction of an uploaded image, and moves along the model's directions. */

import { json } from "../api.js";
import * as calls from "../calls.js";
import { CodePanel } from "../components/code-panel.js";
import { directionSliders } from "../components/direction-sliders.js";
import { dropzone } from "../components/dropzone.js";
import { saveButton } from "../components/image-grid.js";
import { debounce, h } from "../dom.js";
import { fromResponse, shrink } from "../images.js";
import { classSelect, modelSelect, noModel, reference, selectedClass, selectedModel } from "../models.js";
import { state } from "../state.js";
import { Task } from "../task.js";

export const name = "encode";
export const title = "Encode";
export const intro =
  "The encoder predicts a latent for your image. The generator reconstructs the image from it, and directions change it.";

const PAUSE_MS = 120;
const MAX_PX = 1024;

/** @param {HTMLElement} root @param {AbortSignal} viewSignal */
export function mount(root, viewSignal) {
  const card = selectedModel("encode");
  if (!card) return void root.append(noModel("None of the served models includes an encoder."));
  const task = new Task(viewSignal),
    code = new CodePanel(),
    model = reference(card);
  const original = h("div"),
    reconstruction = h("div");
  const comparison = h(
    "div",
    { class: "comparison", hidden: true },
    h("div", {}, h("h2", {}, "Your image"), original),
    h("div", {}, h("h2", {}, "Reconstruction"), reconstruction),
  );
  /** @type {any} */
  let latent = null;
  /** @type {import("../snippets.js").Step[]} */
  let encodeSteps = [];
  let url = "";
  viewSignal.addEventListener("abort", () => URL.revokeObjectURL(url));
  const generateLater = debounce(() => generate(), PAUSE_MS, viewSignal);
  const sliders = directionSliders(card.directions, generateLater);

  /** @param {import("../state.js").Upload} upload */
  async function onUpload(upload) {
    state.uploads[name] = upload;
    const encoded = await task.run("Encoding", async (signal) => {
      const { file, name: input } = await shrink(upload, MAX_PX, signal);
      const steps = [{ call: calls.encode(model, file), input }];
      code.show(steps);
      return { steps, latent: (await json(steps[0].call, signal)).latent };
    });
    if (!encoded) return;
    ({ latent, steps: encodeSteps } = encoded);
    URL.revokeObjectURL(url);
    url = URL.createObjectURL(upload.file);
    original.replaceChildren(h("img", { src: url, alt: "Your image" }));
    await generate();
  }

  async function generate() {
    if (!latent) return;
    const moves = sliders.weights();
    const class_ = card.classes ? (selectedClass(card) ?? card.classes[0]) : null;
    const call = calls.arithmetic(model, {
      terms: [{ weight: 1, latents: [latent] }],
      directions: moves.length ? moves : null,
      class: class_,
    });
    code.show([...encodeSteps, { call, output: "reconstruction.png" }]);
    const response = await task.run("Generating", (signal) => json(calls.as(call, "json"), signal));
    if (!response) return;
    comparison.hidden = false;
    reconstruction.replaceChildren(saveButton(fromResponse(response)[0], "the reconstruction"));
  }

  root.append(
    h(
      "div",
      { class: "controls" },
      modelSelect("encode", () => root.dispatchEvent(new Event("modelchange"))),
      classSelect(card, () => generateLater(), { any: false }),
    ),
    dropzone({ viewSignal, what: "a photo of a face or another image", onUpload }),
    task.element,
    comparison,
    sliders.element,
    code.element,
  );
  if (state.uploads[name]) onUpload(state.uploads[name]);
}
