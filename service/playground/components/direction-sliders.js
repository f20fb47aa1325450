// @ts-check
/** Sliders for a model's named latent directions. */

import { button, h, slider } from "../dom.js";

const MAX_WEIGHT = 3;

/**
 * @param {string[]} names
 * @param {() => void} onChange called when a slider has moved
 * @returns {{element: HTMLElement, weights: () => Array<{name: string, weight: number}>}}
 */
export function directionSliders(names, onChange) {
  /** @type {Map<string, number>} */
  const weights = new Map();
  const list = h("div", { class: "sliders" });
  const element = h(
    "fieldset",
    { class: "directions", hidden: names.length === 0 },
    h("legend", {}, "Directions"),
    list,
    button("Reset", reset, { class: "quiet" }),
  );

  function fill() {
    list.replaceChildren(
      ...names.map((name) =>
        slider(name, { min: -MAX_WEIGHT, max: MAX_WEIGHT, step: 0.25, value: 0 }, (weight) => {
          weights.set(name, weight);
          onChange();
        }),
      ),
    );
  }

  function reset() {
    weights.clear();
    fill();
    onChange();
  }

  fill();
  return {
    element,
    weights: () => [...weights].filter(([, weight]) => weight !== 0).map(([name, weight]) => ({ name, weight })),
  };
}
