// @ts-check
/** Sliders along a model's named directions. */

import { button, h, slider } from "../dom.js";

const FURTHEST = 3;

/**
 * @param {string[]} names
 * @param {() => void} act when one has moved
 * @returns {{element: HTMLElement, weights: () => Array<{name: string, weight: number}>}}
 */
export function directions(names, act) {
  /** @type {Map<string, number>} */
  const weights = new Map();
  const list = h("div", { class: "sliders" });
  const element = h(
    "fieldset",
    { class: "directions", hidden: names.length === 0 },
    h("legend", {}, "Directions"),
    list,
    button("Back to the middle", reset, { class: "quiet" }),
  );

  function fill() {
    list.replaceChildren(
      ...names.map((name) =>
        slider(name, { min: -FURTHEST, max: FURTHEST, step: 0.25, value: 0 }, (weight) => {
          weights.set(name, weight);
          act();
        }),
      ),
    );
  }

  function reset() {
    weights.clear();
    fill();
    act();
  }

  fill();
  return {
    element,
    weights: () => [...weights].filter(([, weight]) => weight !== 0).map(([name, weight]) => ({ name, weight })),
  };
}
