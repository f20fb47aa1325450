// @ts-check
/** Shows the frames of an interpolation, by slider or as an animation. */

import { button, h } from "../dom.js";

/** @typedef {import("./frames.js").Frames} Frames */

export class Player {
  /**
   * @param {AbortSignal} viewSignal
   * @param {boolean} isSmall whether pixels are shown as squares
   * @param {() => void} onMove called when the user has moved the slider
   */
  constructor(viewSignal, isSmall, onMove) {
    /** @type {Frames|null} */
    this.frames = null;
    this.timer = 0;
    this.fps = 12;
    this.image = h("img", { class: isSmall ? "pixels" : null, alt: "Interpolation frame" });
    this.slideTo = () => {
      this.pause();
      this.update();
      onMove();
    };
    this.input = h("input", {
      type: "range",
      min: 0,
      max: 0,
      step: 1,
      "aria-label": "Position in the interpolation",
      on: { input: this.slideTo },
    });
    this.playButton = button("Play", () => (this.timer ? this.pause() : this.start()));
    this.element = h("div", { class: "player" }, this.image, this.input);
    viewSignal.addEventListener("abort", () => this.pause());
  }

  get at() {
    return Number(this.input.value);
  }

  /** @param {Frames|null} frames */
  show(frames) {
    this.pause();
    this.frames = frames;
    this.input.max = String((frames?.count ?? 1) - 1);
    this.update();
  }

  /** Shows the loaded frame that is nearest to the slider's position. */
  update() {
    const src = this.frames?.nearest(this.at);
    if (src) this.image.src = src;
    this.input.setAttribute("aria-valuetext", `frame ${this.at + 1} of ${this.frames?.count ?? 0}`);
  }

  start() {
    const last = Number(this.input.max);
    if (this.at === last) this.input.value = "0";
    this.playButton.textContent = "Pause";
    this.timer = window.setInterval(() => {
      if (this.at === last && !this.frames?.loop) return this.pause();
      this.input.value = String(this.at === last ? 0 : this.at + 1);
      this.update();
    }, 1000 / this.fps);
  }

  pause() {
    clearInterval(this.timer);
    this.timer = 0;
    this.playButton.textContent = "Play";
  }
}
