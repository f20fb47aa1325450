// @ts-check
/** Image-to-image translation: before and after, the inverse translation, and facades from label maps. */

import { send } from "../api.js";
import * as calls from "../calls.js";
import { CodePanel } from "../components/code-panel.js";
import { divider } from "../components/divider.js";
import { dropzone } from "../components/dropzone.js";
import { facadeEditor } from "../components/facade-editor.js";
import { button, checkbox, h, select } from "../dom.js";
import { download, shrink } from "../images.js";
import { can, inverseOf, modelSelect, noModel, reference, selectedModel, selectModel } from "../models.js";
import { state } from "../state.js";
import { Task } from "../task.js";

export const name = "translate";
export const title = "Translate";
export const intro =
  "Translates your image from one domain to another. It is sent to this service only, and not stored.";

/** @typedef {import("../state.js").Upload} Upload */

const MODEL_SIZE = "model";
const MAX_PX = 2048;
const SIZES = {
  256: "at most 256 px",
  512: "at most 512 px",
  1024: "at most 1,024 px (slow)",
  Infinity: "original size",
  [MODEL_SIZE]: "the model's own size",
};

/** @param {HTMLElement} root @param {AbortSignal} viewSignal */
export function mount(root, viewSignal) {
  const card = selectedModel("translate");
  if (!card) return void root.append(noModel("None of the served models translates images."));
  const task = new Task(viewSignal);
  const code = new CodePanel();
  const inverse = inverseOf(card);
  const hasEditor = can.buildFacades(card);
  const placeholder = hasEditor && h("p", { class: "note" }, `The ${card.target} appears here while you draw.`);
  const output = h("div", { class: "translation" }, placeholder);
  /** @type {string[]} */
  let urls = [];
  let size = "512";
  let isCycle = false;
  /** @type {Upload|undefined} */
  let uploaded = hasEditor ? undefined : state.uploads[name];
  viewSignal.addEventListener("abort", revokeUrls);

  function revokeUrls() {
    urls.forEach((each) => URL.revokeObjectURL(each));
    urls = [];
  }

  /** @param {Blob} blob */
  function urlOf(blob) {
    urls.push(URL.createObjectURL(blob));
    return urls[urls.length - 1];
  }

  /** @param {Upload} upload @param {number} max_px @param {{fit?: string}} [query] */
  async function translate(upload, max_px, query = {}) {
    const back = isCycle ? inverse : undefined;
    const result = await task.run(`Translating ${card.source} to ${card.target}`, async (signal) => {
      const { file: before, name: input } = await shrink(upload, max_px, signal);
      const call = calls.translate(reference(card), before, { ...query, cycle: back ? true : null });
      const steps = [{ call, input, output: "translated.png" }];
      code.show(steps);
      const response = await send(call, signal);
      const after = await response.blob();
      if (!back) return { before, after };
      const backCall = calls.translate(reference(back), after, query);
      code.show([...steps, { call: backCall, input: "translated.png", output: "reconstructed.png" }]);
      const reconstructed = await (await send(backCall, signal)).blob();
      return { before, after, reconstructed, error: response.headers.get("X-Cycle-Error") };
    });
    if (result) show(result);
  }

  /** @param {{before: Blob, after: Blob, reconstructed?: Blob, error?: string|null}} result */
  function show({ before, after, reconstructed, error }) {
    revokeUrls();
    const original = { src: urlOf(before), name: card.source };
    const translated = { src: urlOf(after), name: card.target };
    const downloadButton = button("Download", () => download(after, "translated.png"));
    // The drawing is already visible beside its translation.
    const view =
      hasEditor && !uploaded ? h("img", { src: translated.src, alt: translated.name }) : divider(original, translated);
    output.replaceChildren(view, h("div", { class: "row" }, downloadButton));
    if (!reconstructed) return;
    output.append(
      h("h2", {}, "Translated back"),
      divider(original, { src: urlOf(reconstructed), name: `reconstructed ${card.source}` }),
      h("p", { class: "note" }, `Mean absolute error of the cycle: ${error} of 255 levels.`),
    );
  }

  function translateUpload() {
    sizes.hidden = hasEditor && !uploaded;
    if (!uploaded) return;
    if (size === MODEL_SIZE) translate(uploaded, MAX_PX, { fit: "resize" });
    else translate(uploaded, Number(size));
  }

  const facadeModel = state.cards.find(can.buildFacades);
  const sizes = select("Size", SIZES, size, (value) => {
    size = value;
    translateUpload();
  });
  const changeModel = () => root.dispatchEvent(new Event("modelchange"));
  root.append(
    h(
      "div",
      { class: "controls" },
      modelSelect("translate", changeModel),
      sizes,
      inverse &&
        checkbox(`Translate back to ${card.source}`, (isOn) => {
          isCycle = isOn;
          translateUpload();
        }),
      facadeModel &&
        !hasEditor &&
        button("Draw a facade", () => {
          selectModel(facadeModel);
          changeModel();
        }),
    ),
  );
  const onUpload = (/** @type {Upload} */ upload) => {
    uploaded = state.uploads[name] = upload;
    translateUpload();
  };
  const onDrawing = (/** @type {Blob} */ file) => {
    uploaded = undefined;
    translateUpload();
    translate({ file }, Infinity);
  };
  const zone = dropzone({ viewSignal, what: `an image (${card.source})`, onUpload });
  const parts = hasEditor
    ? [facadeEditor(card, viewSignal, onDrawing, output), task.element, zone]
    : [zone, task.element, output];
  root.append(...parts, code.element);
  translateUpload();
}
