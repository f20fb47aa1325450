// @ts-check
/** A canvas for drawing coloured boxes, with a pointer or the keyboard. Independent of what the colours mean. */

import { h } from "../dom.js";
import { toPng } from "../images.js";

/**
 * @typedef {{colour: string, x: number, y: number, width: number, height: number}} Box
 *   position and size as fractions of the canvas
 */

const STEP = 1 / 32;
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class DrawingCanvas {
  /**
   * @param {{width: number, height: number}} size in px
   * @param {string} background colour
   * @param {() => void} onChange called when a box was drawn or removed
   */
  constructor({ width, height }, background, onChange) {
    const name =
      "Drawing: arrow keys move the box, Shift and arrow keys resize it, Enter draws it, Delete removes the last box";
    this.canvas = h("canvas", { width, height, tabindex: "0", role: "application", "aria-label": name });
    this.context = this.canvas.getContext("2d");
    this.background = background;
    this.colour = background;
    this.onChange = onChange;
    /** @type {Box[]} */
    this.boxes = [];
    /** @type {Box|null} */
    this.pending = null;
    this.canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => this.drag(event));
    this.canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (this.press(event)) event.preventDefault();
    });
    this.paint();
  }

  /** @param {Box[]} boxes */
  replace(boxes) {
    this.boxes = boxes;
    this.paint();
    this.onChange();
  }

  undo() {
    this.replace(this.boxes.slice(0, -1));
  }

  /** The drawing without the pending box. @returns {Promise<Blob>} a PNG */
  png() {
    const { width, height } = this.canvas;
    const copy = h("canvas", { width, height });
    this.fill(copy.getContext("2d"), this.boxes);
    return toPng(copy);
  }

  paint() {
    this.fill(this.context, this.pending ? [...this.boxes, this.pending] : this.boxes);
    if (!this.pending) return;
    this.context.strokeStyle = "#fff";
    this.context.lineWidth = 2;
    this.context.strokeRect(...this.scaled(this.pending));
  }

  /** @param {CanvasRenderingContext2D} context @param {Box[]} boxes */
  fill(context, boxes) {
    for (const box of [{ colour: this.background, x: 0, y: 0, width: 1, height: 1 }, ...boxes]) {
      context.fillStyle = box.colour;
      context.fillRect(...this.scaled(box));
    }
  }

  /** @param {Box} box @returns {[number, number, number, number]} in px */
  scaled({ x, y, width, height }) {
    const { width: across, height: down } = this.canvas;
    return [Math.round(x * across), Math.round(y * down), Math.round(width * across), Math.round(height * down)];
  }

  stamp() {
    const { pending } = this;
    if (pending && pending.width * pending.height > 0) this.replace([...this.boxes, { ...pending }]);
  }

  /** @param {PointerEvent} down */
  drag(down) {
    this.canvas.setPointerCapture(down.pointerId);
    const [left, top] = this.positionOf(down);
    const move = (/** @type {PointerEvent} */ event) => {
      const [x, y] = this.positionOf(event);
      const [width, height] = [Math.abs(x - left), Math.abs(y - top)];
      this.pending = { colour: this.colour, x: Math.min(x, left), y: Math.min(y, top), width, height };
      this.paint();
    };
    const finish = (/** @type {Event} */ event) => {
      for (const name of ["pointerup", "pointercancel"]) this.canvas.removeEventListener(name, finish);
      this.canvas.removeEventListener("pointermove", move);
      if (event.type === "pointerup") this.stamp();
      this.pending = null;
      this.paint();
    };
    this.canvas.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, finish);
  }

  /** @param {PointerEvent} event @returns {[number, number]} */
  positionOf(event) {
    const area = this.canvas.getBoundingClientRect();
    const clamp = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));
    return [clamp((event.clientX - area.left) / area.width), clamp((event.clientY - area.top) / area.height)];
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key has an effect */
  press(event) {
    const arrow = ARROWS[event.key];
    if (arrow) this.nudge(arrow, event.shiftKey);
    else if (event.key === "Enter") this.stamp();
    else if (event.key === "Delete" || event.key === "Backspace") this.undo();
    else return false;
    return true;
  }

  /** @param {[number, number]} arrow @param {boolean} isResizing */
  nudge([across, down], isResizing) {
    const box = { x: 8 * STEP, y: 8 * STEP, width: 4 * STEP, height: 5 * STEP, ...this.pending, colour: this.colour };
    const minimum = isResizing ? STEP : 0;
    const moved = (/** @type {number} */ value, /** @type {number} */ by) =>
      Math.min(1, Math.max(minimum, value + by * STEP));
    if (isResizing) Object.assign(box, { width: moved(box.width, across), height: moved(box.height, down) });
    else Object.assign(box, { x: moved(box.x, across), y: moved(box.y, down) });
    this.pending = box;
    this.paint();
  }
}
