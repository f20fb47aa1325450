// @ts-check
/** Shows the frames of a walk: by a slider, or one after the other. */

import { button, h } from "../dom.js";

/** @typedef {import("./frames.js").Frames} Frames */

export class Player {
  /**
   * @param {AbortSignal} life
   * @param {boolean} isSmall whether pixels are to be seen
   * @param {() => void} moved when a person has moved the slider
   */
  constructor(life, isSmall, moved) {
    /** @type {Frames|null} */
    this.frames = null;
    this.timer = 0;
    this.fps = 12;
    this.image = h("img", { class: isSmall ? "pixels" : null, alt: "The walk" });
    this.slide = () => {
      this.halt();
      this.look();
      moved();
    };
    this.input = h("input", {
      type: "range",
      min: 0,
      max: 0,
      step: 1,
      "aria-label": "Place on the walk",
      on: { input: this.slide },
    });
    this.play = button("Play", () => (this.timer ? this.halt() : this.start()));
    this.element = h("div", { class: "player" }, this.image, this.input);
    life.addEventListener("abort", () => this.halt());
  }

  get at() {
    return Number(this.input.value);
  }

  /** @param {Frames|null} frames */
  show(frames) {
    this.halt();
    this.frames = frames;
    this.input.max = String((frames?.count ?? 1) - 1);
    this.look();
  }

  /** Shows the frame where the slider is, or the nearest that is there. */
  look() {
    const src = this.frames?.near(this.at);
    if (src) this.image.src = src;
    this.input.setAttribute("aria-valuetext", `frame ${this.at + 1} of ${this.frames?.count ?? 0}`);
  }

  start() {
    const last = Number(this.input.max);
    if (this.at === last) this.input.value = "0";
    this.play.textContent = "Pause";
    this.timer = window.setInterval(() => {
      if (this.at === last && !this.frames?.loop) return this.halt();
      this.input.value = String(this.at === last ? 0 : this.at + 1);
      this.look();
    }, 1000 / this.fps);
  }

  halt() {
    clearInterval(this.timer);
    this.timer = 0;
    this.play.textContent = "Play";
  }
}
