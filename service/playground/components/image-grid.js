// @ts-check
/** A grid of drawn pictures that a click or Enter keeps. */

import { h } from "../dom.js";
import { nameOf, show } from "../images.js";
import { isKept, keep, letGo, onKept } from "../state.js";

/** @typedef {import("../state.js").Picture} Picture */

/**
 * A picture as a button that keeps it, or lets it go.
 * @param {Picture} picture
 * @param {string} [name]
 */
export function keeper(picture, name = nameOf(picture)) {
  const toggle = () => (isKept(picture) ? letGo(picture) : keep(picture));
  const element = h(
    "button",
    {
      type: "button",
      class: "picture",
      "aria-label": `Keep ${name}`,
      title: name,
      on: { click: toggle },
    },
    show(picture, ""),
  );
  element.picture = picture;
  mark(element);
  return element;
}

/** Pictures, side by side; marks those that are kept. */
export class Grid {
  /** @param {AbortSignal} life @param {string} label */
  constructor(life, label) {
    this.element = h("div", { class: "grid", role: "group", "aria-label": label });
    onKept(() => this.element.querySelectorAll(".picture").forEach(mark), life);
  }

  /** @param {Picture[]} pictures */
  replace(pictures) {
    this.element.replaceChildren(...pictures.map((picture) => keeper(picture)));
  }

  /** @param {Picture[]} pictures */
  append(pictures) {
    this.element.append(...pictures.map((picture) => keeper(picture)));
  }
}

/** @param {any} element */
function mark(element) {
  element.setAttribute("aria-pressed", String(isKept(element.picture)));
}
