// @ts-check
/** A grid of images generated from a seed; a click saves an image. */

import { json } from "../api.js";
import * as calls from "../calls.js";
import { CodePanel } from "../components/code-panel.js";
import { ImageGrid } from "../components/image-grid.js";
import { button, debounce, field, h, select, slider } from "../dom.js";
import { fromResponse } from "../images.js";
import { classSelect, modelSelect, noModel, reference, selectedClass, selectedModel } from "../models.js";
import { onSavedChange, saved, state } from "../state.js";
import { Task } from "../task.js";

export const name = "sample";
export const title = "Sample";
export const intro =
  "Each seed always gives the same image. Click an image to save it for Interpolate, Arithmetic and Discriminate.";

const PAUSE_MS = 200;
const MAX_SEED = Number.MAX_SAFE_INTEGER - 10_000;

/** @param {HTMLElement} root @param {AbortSignal} viewSignal */
export function mount(root, viewSignal) {
  const first = selectedModel("generate");
  if (!first) return void root.append(noModel("None of the served models generates images from seeds."));
  const task = new Task(viewSignal),
    code = new CodePanel(),
    grid = new ImageGrid(viewSignal, "Images");
  const options = state.sample;
  let card = first,
    shownCount = 0;
  const seed = h("input", {
    type: "text",
    inputmode: "numeric",
    pattern: "[0-9]{1,16}",
    autocomplete: "off",
    value: options.seed,
    on: { input: () => generateLater() },
  });
  const classes = h("div", { class: "class-select" });
  const savedCount = h("p", { class: "note", role: "status" });
  const more = button("More", () => generate(true));

  /** @param {boolean} appends whether the images are added to those in the grid */
  async function generate(appends) {
    const firstSeed = Number(seed.value);
    const { n, truncation } = options;
    options.seed = seed.value;
    if (!/^[0-9]+$/.test(seed.value) || firstSeed > MAX_SEED)
      return void task.stop(`A seed is an integer from 0 to ${MAX_SEED}.`);
    const start = appends ? shownCount : 0;
    const isSeeded = truncation === 1;
    const class_ = selectedClass(card);
    const call = calls.sample(reference(card), { seed: firstSeed + start, n, class: class_, truncation });
    const response = await task.run(`Generating ${n} images`, (signal) => json(calls.as(call, "json"), signal));
    if (!response) return;
    const images = fromResponse(response, isSeeded);
    if (appends) grid.append(images);
    else grid.replace(images);
    shownCount = start + n;
    code.show([{ call, output: "images.png" }]);
  }
  const generateLater = debounce(() => generate(false), PAUSE_MS, viewSignal);

  function showModel(/** @type {any} */ model) {
    card = model;
    classes.replaceChildren(...[classSelect(card, () => generate(false))].filter((part) => part !== null));
    generate(false);
    showSavedCount();
  }

  function showSavedCount() {
    savedCount.textContent = `${saved(reference(card)).length} images of this model are saved.`;
  }

  onSavedChange(showSavedCount, viewSignal);
  root.append(
    h(
      "form",
      {
        class: "controls",
        on: {
          submit: (/** @type {Event} */ event) => {
            event.preventDefault();
            generate(false);
          },
        },
      },
      modelSelect("generate", showModel),
      classes,
      field("Seed", seed),
      button("Random seed", () => {
        seed.value = String(Math.floor(Math.random() * 1e6));
        generate(false);
      }),
      select("Images per request", { 12: "12", 24: "24", 48: "48" }, String(options.n), (value) => {
        options.n = Number(value);
        generate(false);
      }),
      slider("Truncation", { min: 0.1, max: 1, step: 0.05, value: options.truncation }, (value) => {
        options.truncation = value;
        generateLater();
      }),
    ),
    task.element,
    grid.element,
    h("div", { class: "row" }, more, savedCount),
    code.element,
  );
  showModel(card);
}
