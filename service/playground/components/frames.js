// @ts-check
/** The frames of a walk: a few at once, so that a slider has something to show, then all, the nearest first. */

import { events, json } from "../api.js";
import * as calls from "../calls.js";
import { fromAnswer } from "../images.js";

/** @typedef {import("../state.js").Picture} Picture */

export const MOST_FRAMES = 128;
const COARSE_STEPS = 5;
const NOWHERE = -1;
const EVERYWHERE = -2;

export class Frames {
  /**
   * @param {string} model
   * @param {Picture[]} path
   * @param {{steps: number, method: string, loop: boolean}} how `steps` is one more than a multiple of 4
   */
  constructor(model, path, { steps, method, loop }) {
    this.model = model;
    this.latents = path.map((picture) => picture.latent);
    this.how = { method: method === "slerp" ? null : method };
    this.steps = steps;
    this.loop = loop;
    this.segments = loop ? path.length : path.length - 1;
    this.count = this.segments * (steps - 1) + (loop ? 0 : 1);
    /** @type {Map<number, string>} */
    this.found = new Map(path.map((picture, index) => [index * (steps - 1), picture.src]));
    this.underway = NOWHERE;
  }

  get isWhole() {
    return this.found.size >= this.count;
  }

  /** The frame that is nearest to a place, of those that are there. @param {number} at */
  near(at) {
    for (let away = 0; away < this.count; away += 1) {
      const src = this.found.get(at - away) ?? this.found.get(at + away);
      if (src) return src;
    }
    return undefined;
  }

  /** Whether the part around a place is on its way already. @param {number} at @param {import("../task.js").Task} task */
  isLoading(at, task) {
    return task.running !== null && [EVERYWHERE, this.segmentOf(at)].includes(this.underway);
  }

  /**
   * Fetches what is missing, beginning at a place.
   * @param {number} at
   * @param {AbortSignal} signal
   * @param {(done: number) => void} tell
   */
  async load(at, signal, tell) {
    this.underway = EVERYWHERE;
    if (this.found.size <= this.latents.length) await this.coarse(signal);
    tell(this.found.size);
    const here = this.segmentOf(at);
    const order = [...Array(this.segments).keys()].sort((one, other) => Math.abs(one - here) - Math.abs(other - here));
    for (const segment of order) {
      this.underway = segment;
      await this.fine(segment, signal, tell);
    }
    this.underway = NOWHERE;
  }

  /** @param {number} at */
  segmentOf(at) {
    return Math.min(Math.floor(at / (this.steps - 1)), this.segments - 1);
  }

  /** @param {AbortSignal} signal */
  async coarse(signal) {
    const call = calls.walk(this.model, this.latents, { steps: COARSE_STEPS, loop: this.loop || null, ...this.how });
    const apart = (this.steps - 1) / (COARSE_STEPS - 1);
    fromAnswer(await json(calls.as(call, "json"), signal)).forEach((picture, index) =>
      this.put(index * apart, picture.src),
    );
  }

  /** @param {number} segment @param {AbortSignal} signal @param {(done: number) => void} tell */
  async fine(segment, signal, tell) {
    const first = segment * (this.steps - 1);
    const missing = [...Array(this.steps - 1).keys()].some((index) => !this.found.has(first + index));
    if (!missing) return;
    const ends = [this.latents[segment], this.latents[(segment + 1) % this.latents.length]];
    for await (const { name, data } of events(
      calls.walk(this.model, ends, { steps: this.steps, ...this.how }),
      signal,
    )) {
      if (name !== "frame") continue;
      this.put(first + data.index, `data:${data.content_type};base64,${data.data}`);
      tell(this.found.size);
    }
  }

  /** @param {number} index @param {string} src */
  put(index, src) {
    if (index < this.count && !this.found.has(index)) this.found.set(index, src);
  }
}
