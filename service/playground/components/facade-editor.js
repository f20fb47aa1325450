// @ts-check
/** An editor for label maps of facades, in the colours of the CMP Facade Database (Tylecek and Sara, 2013). */

import { button, debounce, h } from "../dom.js";
import { state } from "../state.js";
import { DrawingCanvas } from "./drawing-canvas.js";

/** Measured on the published label maps. @type {Record<string, string>} */
export const LABELS = {
  background: "#0000de",
  wall: "#0030ff",
  window: "#0080ff",
  door: "#00cfff",
  "window head": "#20ffe0",
  sill: "#70fe8e",
  balcony: "#c0ff3f",
  shutter: "#fff000",
  decoration: "#ff9f00",
  cornice: "#ff5000",
  pillar: "#fe0000",
  shop: "#ae0001",
};
const PAUSE_MS = 400;
const HINT =
  "Select a label, then draw a box with the pointer. " +
  "With the keyboard, arrow keys move the box, Shift and arrow keys resize it, Enter draws it.";

/** @typedef {[string, number, number, number, number]} LabelledBox label, x, y, width, height */

/**
 * @param {any} card of the translator; the drawing has its size
 * @param {AbortSignal} viewSignal
 * @param {(drawing: Blob) => void} onDrawing called with a PNG shortly after each change
 * @param {HTMLElement} output element for the translated image, shown beside the drawing
 * @returns {HTMLElement}
 */
export function facadeEditor(card, viewSignal, onDrawing, output) {
  const later = debounce(async () => onDrawing(await drawing.png()), PAUSE_MS, viewSignal);
  const drawing = new DrawingCanvas(card.image, LABELS.background, () => {
    state.drawing = drawing.boxes;
    later();
  });
  if (state.drawing.length) drawing.replace(state.drawing);
  const palette = h("div", { class: "palette", role: "group", "aria-label": "Label of the next box" });
  const selectLabel = (/** @type {string} */ label) => {
    drawing.colour = LABELS[label];
    for (const each of palette.children)
      each.setAttribute("aria-pressed", String(each.getAttribute("data-label") === label));
  };
  for (const [label, colour] of Object.entries(LABELS)) {
    const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.setProperty("--colour", colour);
    const option = button("", () => selectLabel(label), { "data-label": label });
    option.append(swatch, label);
    palette.append(option);
  }
  selectLabel("window");
  const row = h(
    "div",
    { class: "row" },
    button("Start with an example", () => drawing.replace(example())),
    button("Undo", () => drawing.undo(), { class: "quiet" }),
    button("Clear", () => drawing.replace([]), { class: "quiet" }),
  );
  const tools = h("div", {}, h("p", { class: "note" }, HINT), palette, row);
  return h("section", { class: "facade", "aria-label": "Draw a facade" }, drawing.canvas, output, tools);
}

/** A building with three floors. */
function example() {
  /** @type {LabelledBox[]} */
  const boxes = [
    ["wall", 0.06, 0.1, 0.88, 0.9],
    ["cornice", 0.06, 0.08, 0.88, 0.05],
    ["cornice", 0.06, 0.71, 0.88, 0.03],
    ["door", 0.43, 0.78, 0.14, 0.22],
    ["shop", 0.1, 0.8, 0.26, 0.16],
    ["shop", 0.64, 0.8, 0.26, 0.16],
  ];
  for (const y of [0.2, 0.38, 0.56])
    for (const x of [0.14, 0.3, 0.46, 0.62, 0.78])
      boxes.push(["window", x, y, 0.09, 0.1], ["sill", x - 0.01, y + 0.1, 0.11, 0.02]);
  boxes.push(["balcony", 0.42, 0.43, 0.17, 0.07]);
  return boxes.map(([label, x, y, width, height]) => ({ colour: LABELS[label], x, y, width, height }));
}
