// @ts-check
/** A facade to draw with the label colours of the CMP Facade Database (Tylecek and Sara, 2013). */

import { button, debounce, h } from "../dom.js";
import { state } from "../state.js";
import { Easel } from "./drawing-canvas.js";

/** As measured on the published label drawings. @type {Record<string, string>} */
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
  "Choose what the next box is, then draw it with the pointer. By keyboard: arrows move the box, Shift and arrows size it, Enter draws it.";

/** @typedef {[string, number, number, number, number]} Labelled label, x, y, width, height */

/**
 * @param {any} card of the model that builds: its size is the drawing's
 * @param {AbortSignal} life
 * @param {(drawing: Blob) => void} take called with a PNG a while after each change
 * @param {HTMLElement} built where the picture of it comes: next to it, to be seen while drawing
 * @returns {HTMLElement}
 */
export function facade(card, life, take, built) {
  const later = debounce(async () => take(await easel.bytes()), PAUSE_MS, life);
  const easel = new Easel(card.image, LABELS.background, () => {
    state.drawing = easel.boxes;
    later();
  });
  if (state.drawing.length) easel.replace(state.drawing);
  const palette = h("div", { class: "palette", role: "group", "aria-label": "What the next box is" });
  const pick = (/** @type {string} */ label) => {
    easel.colour = LABELS[label];
    for (const each of palette.children)
      each.setAttribute("aria-pressed", String(each.getAttribute("data-label") === label));
  };
  for (const [label, colour] of Object.entries(LABELS)) {
    const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.setProperty("--colour", colour);
    const choice = button("", () => pick(label), { "data-label": label });
    choice.append(swatch, label);
    palette.append(choice);
  }
  pick("window");
  const row = h(
    "div",
    { class: "row" },
    button("Begin with an example", () => easel.replace(example())),
    button("Undo", () => easel.undo(), { class: "quiet" }),
    button("Clear", () => easel.replace([]), { class: "quiet" }),
  );
  const tools = h("div", {}, h("p", { class: "note" }, HINT), palette, row);
  return h("section", { class: "facade", "aria-label": "Draw a facade" }, easel.canvas, built, tools);
}

/** A house of three floors. */
function example() {
  /** @type {Labelled[]} */
  const labelled = [
    ["wall", 0.06, 0.1, 0.88, 0.9],
    ["cornice", 0.06, 0.08, 0.88, 0.05],
    ["cornice", 0.06, 0.71, 0.88, 0.03],
    ["door", 0.43, 0.78, 0.14, 0.22],
    ["shop", 0.1, 0.8, 0.26, 0.16],
    ["shop", 0.64, 0.8, 0.26, 0.16],
  ];
  for (const y of [0.2, 0.38, 0.56])
    for (const x of [0.14, 0.3, 0.46, 0.62, 0.78])
      labelled.push(["window", x, y, 0.09, 0.1], ["sill", x - 0.01, y + 0.1, 0.11, 0.02]);
  labelled.push(["balcony", 0.42, 0.43, 0.17, 0.07]);
  return labelled.map(([label, x, y, width, height]) => ({ colour: LABELS[label], x, y, width, height }));
}
