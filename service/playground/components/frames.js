// @ts-check
/** The frames of an interpolation: first a coarse set for the slider, then all, starting near the slider's position. */

import { events, json } from "../api.js";
import * as calls from "../calls.js";
import { fromResponse } from "../images.js";

/** @typedef {import("../state.js").GeneratedImage} GeneratedImage */

export const MAX_FRAMES = 128;
const COARSE_STEPS = 5;
const NONE = -1;
const ALL = -2;

export class Frames {
  /**
   * @param {string} model
   * @param {GeneratedImage[]} path
   * @param {{steps: number, method: string, loop: boolean}} options `steps` - 1 is a multiple of 4
   */
  constructor(model, path, { steps, method, loop }) {
    this.model = model;
    this.latents = path.map((image) => image.latent);
    this.options = { method: method === "slerp" ? null : method };
    this.steps = steps;
    this.loop = loop;
    this.segments = loop ? path.length : path.length - 1;
    this.count = this.segments * (steps - 1) + (loop ? 0 : 1);
    /** @type {Map<number, string>} */
    this.sources = new Map(path.map((image, index) => [index * (steps - 1), image.src]));
    this.loading = NONE;
  }

  get isComplete() {
    return this.sources.size >= this.count;
  }

  /** The loaded frame that is nearest to a position. @param {number} at */
  nearest(at) {
    for (let distance = 0; distance < this.count; distance += 1) {
      const src = this.sources.get(at - distance) ?? this.sources.get(at + distance);
      if (src) return src;
    }
    return undefined;
  }

  /** Whether the segment at a position is being loaded. @param {number} at @param {import("../task.js").Task} task */
  isLoading(at, task) {
    return task.running !== null && [ALL, this.segmentOf(at)].includes(this.loading);
  }

  /**
   * Loads the missing frames, starting with the segment at a position.
   * @param {number} at
   * @param {AbortSignal} signal
   * @param {(done: number) => void} onProgress
   */
  async load(at, signal, onProgress) {
    this.loading = ALL;
    if (this.sources.size <= this.latents.length) await this.loadCoarse(signal);
    onProgress(this.sources.size);
    const current = this.segmentOf(at);
    const order = [...Array(this.segments).keys()].sort(
      (one, other) => Math.abs(one - current) - Math.abs(other - current),
    );
    for (const segment of order) {
      this.loading = segment;
      await this.loadSegment(segment, signal, onProgress);
    }
    this.loading = NONE;
  }

  /** @param {number} at */
  segmentOf(at) {
    return Math.min(Math.floor(at / (this.steps - 1)), this.segments - 1);
  }

  /** @param {AbortSignal} signal */
  async loadCoarse(signal) {
    const call = calls.interpolate(this.model, this.latents, {
      steps: COARSE_STEPS,
      loop: this.loop || null,
      ...this.options,
    });
    const stride = (this.steps - 1) / (COARSE_STEPS - 1);
    fromResponse(await json(calls.as(call, "json"), signal)).forEach((image, index) =>
      this.put(index * stride, image.src),
    );
  }

  /** @param {number} segment @param {AbortSignal} signal @param {(done: number) => void} onProgress */
  async loadSegment(segment, signal, onProgress) {
    const first = segment * (this.steps - 1);
    const missing = [...Array(this.steps - 1).keys()].some((index) => !this.sources.has(first + index));
    if (!missing) return;
    const ends = [this.latents[segment], this.latents[(segment + 1) % this.latents.length]];
    for await (const { name, data } of events(
      calls.interpolate(this.model, ends, { steps: this.steps, ...this.options }),
      signal,
    )) {
      if (name !== "frame") continue;
      this.put(first + data.index, `data:${data.content_type};base64,${data.data}`);
      onProgress(this.sources.size);
    }
  }

  /** @param {number} index @param {string} src */
  put(index, src) {
    if (index < this.count && !this.sources.has(index)) this.sources.set(index, src);
  }
}
