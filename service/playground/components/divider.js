// @ts-check
/** Two images on top of each other, with a divider between them that a slider moves. */

import { h } from "../dom.js";

/**
 * @param {{src: string, name: string}} before
 * @param {{src: string, name: string}} after
 * @returns {HTMLElement}
 */
export function divider(before, after) {
  const input = h("input", {
    type: "range",
    min: 0,
    max: 100,
    step: 1,
    "aria-label": `Divider between ${before.name} and ${after.name}`,
  });
  const stage = h(
    "div",
    { class: "stage" },
    h("img", { src: after.src, alt: after.name, draggable: "false" }),
    h("img", { src: before.src, alt: before.name, class: "before", draggable: "false" }),
    h("div", { class: "line" }),
    input,
  );
  const move = () => {
    stage.style.setProperty("--at", `${input.value}%`);
    input.setAttribute("aria-valuetext", `${input.value} % ${before.name}`);
  };
  input.addEventListener("input", move);
  input.value = "50";
  move();
  return h(
    "figure",
    { class: "divider" },
    stage,
    h("figcaption", {}, h("span", {}, before.name), h("span", {}, after.name)),
  );
}
