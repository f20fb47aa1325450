// @ts-check
/** Interpolation between saved images: a slider that responds while it is dragged, an animation, a file. */

import { send } from "../api.js";
import * as calls from "../calls.js";
import { CodePanel } from "../components/code-panel.js";
import { Frames, MAX_FRAMES } from "../components/frames.js";
import { Player } from "../components/player.js";
import { savedImages } from "../components/saved-images.js";
import { button, checkbox, debounce, h, select } from "../dom.js";
import { download, nameOf } from "../images.js";
import { isSmall, modelSelect, noModel, reference, selectedModel } from "../models.js";
import { onSavedChange, saved } from "../state.js";
import { Task } from "../task.js";

export const name = "interpolate";
export const title = "Interpolate";
export const intro = "A path through latent space between two or more saved images.";

const PAUSE_MS = 120;
const DEFAULT_KEYFRAMES = 4;
const METHODS = { slerp: "spherical (slerp)", lerp: "linear (lerp)" };
const SPEEDS = { 6: "6 frames per second", 12: "12 frames per second", 25: "25 frames per second" };

/** @param {HTMLElement} root @param {AbortSignal} viewSignal */
export function mount(root, viewSignal) {
  const card = selectedModel("generate");
  if (!card) return void root.append(noModel("None of the served models generates images from latents."));
  const model = reference(card);
  const task = new Task(viewSignal);
  const downloadTask = new Task(viewSignal);
  const code = new CodePanel();
  const options = { steps: 17, method: "slerp", loop: false };
  let keyframes = saved(model).slice(0, DEFAULT_KEYFRAMES);
  let format = "gif";

  const player = new Player(viewSignal, isSmall(card), debounce(load, PAUSE_MS, viewSignal));
  const hint = h("p", { class: "note" });
  const thumbnails = savedImages({
    card,
    task,
    viewSignal,
    onSelect: (image) => {
      keyframes = keyframes.includes(image) ? keyframes.filter((other) => other !== image) : [...keyframes, image];
      update();
    },
    label: (image) =>
      keyframes.includes(image)
        ? `Remove keyframe ${keyframes.indexOf(image) + 1}, ${nameOf(image)}`
        : `Add keyframe ${nameOf(image)}`,
    onGenerate: (step) => code.show(stage.hidden ? [step] : [step, animationStep()]),
    isSelected: (image) => keyframes.includes(image),
  });
  const formats = select("Format", { gif: "GIF", webp: "WebP" }, format, (value) => {
    format = value;
    showCode();
  });
  const stage = h(
    "div",
    {},
    player.element,
    h("div", { class: "row" }, player.playButton, formats, button("Download", downloadAnimation), downloadTask.element),
  );

  /** The call for the whole interpolation as one file. */
  function animationCall() {
    const latents = keyframes.map((image) => image.latent);
    const { steps, method, loop } = options;
    return calls.as(
      calls.interpolate(model, latents, {
        steps,
        method: method === "slerp" ? null : method,
        loop: loop || null,
        fps: player.fps,
      }),
      format,
    );
  }

  const animationStep = () => ({ call: animationCall(), output: `interpolation.${format}` });

  function showCode() {
    code.show([animationStep()]);
  }

  function update() {
    thumbnails.refresh();
    task.stop("");
    const frames = keyframes.length > 1 ? new Frames(model, keyframes, options) : null;
    const isWithinLimit = frames !== null && frames.count <= MAX_FRAMES;
    stage.hidden = code.element.hidden = !isWithinLimit;
    hint.textContent = frames
      ? `${keyframes.length} keyframes, in the order of selection.`
      : "Select two or more saved images.";
    if (frames && !isWithinLimit)
      task.problem.textContent = `An interpolation has at most ${MAX_FRAMES} frames, but this one would have ${frames.count}: select fewer images or fewer steps.`;
    player.show(isWithinLimit ? frames : null);
    if (!isWithinLimit) return;
    showCode();
    load();
  }

  /** Loads the missing frames, starting at the slider's position. */
  async function load() {
    const frames = player.frames;
    if (!frames || frames.isComplete || frames.isLoading(player.at, task)) return;
    await task.run("Generating the interpolation", (signal, progress) =>
      frames.load(player.at, signal, (done) => {
        progress(done, frames.count);
        player.update();
      }),
    );
  }

  async function downloadAnimation() {
    showCode();
    const call = animationCall();
    const blob = await downloadTask.run("Generating the file", async (signal) => (await send(call, signal)).blob());
    if (blob) download(blob, `interpolation.${format}`);
  }

  /** @param {Partial<typeof options>} change */
  function change(change) {
    Object.assign(options, change);
    update();
  }

  onSavedChange(() => {
    const remaining = keyframes.filter((image) => saved(model).includes(image));
    keyframes = remaining.length ? remaining : saved(model).slice(0, DEFAULT_KEYFRAMES);
    update();
  }, viewSignal);
  root.append(
    h(
      "div",
      { class: "controls" },
      modelSelect("generate", () => root.dispatchEvent(new Event("modelchange"))),
      select("Steps", { 9: "9", 17: "17", 33: "33" }, String(options.steps), (value) =>
        change({ steps: Number(value) }),
      ),
      select("Method", METHODS, options.method, (method) => change({ method })),
      select("Speed", SPEEDS, String(player.fps), (value) => {
        player.fps = Number(value);
        update();
      }),
      checkbox("Loop", (loop) => change({ loop })),
    ),
    hint,
    task.element,
    stage,
    thumbnails.element,
    code.element,
  );
  update();
}
