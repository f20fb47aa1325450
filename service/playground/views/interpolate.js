// @ts-check
/** A walk between kept pictures: a slider that answers while it is dragged, an animation, a file. */

import { send } from "../api.js";
import * as calls from "../calls.js";
import { button, check, choice, debounce, h } from "../dom.js";
import { chosen, isSmall, nobody, picker, reference } from "../models.js";
import { Code } from "../components/code-panel.js";
import { Frames, MOST_FRAMES } from "../components/frames.js";
import { Player } from "../components/player.js";
import { shelf } from "../components/saved-images.js";
import { nameOf, save } from "../images.js";
import { kept, onKept } from "../state.js";
import { Task } from "../task.js";

export const name = "walk";
export const title = "Walk";
export const lede = "Between two kept pictures lie all those that the model sees between them.";

const PAUSE_MS = 120;
const FIRST = 4;
const NOBODY = "None of the served models draws pictures from latents, so that there is nothing to walk through.";
const WAYS = { slerp: "around (slerp)", lerp: "straight (lerp)" };
const SPEEDS = { 6: "6 a second", 12: "12 a second", 25: "25 a second" };

/** @param {HTMLElement} root @param {AbortSignal} life */
export function mount(root, life) {
  const card = chosen("generate");
  if (!card) return void root.append(nobody(NOBODY));
  const model = reference(card);
  const task = new Task(life);
  const saving = new Task(life);
  const code = new Code();
  const how = { steps: 17, method: "slerp", loop: false };
  let path = kept(model).slice(0, FIRST);
  let form = "gif";

  const player = new Player(life, isSmall(card), debounce(load, PAUSE_MS, life));
  const hint = h("p", { class: "note" });
  const stops = shelf({
    card,
    task,
    life,
    pick: (picture) => {
      path = path.includes(picture) ? path.filter((other) => other !== picture) : [...path, picture];
      renew();
    },
    label: (picture) =>
      `${path.includes(picture) ? `Stop ${path.indexOf(picture) + 1}, leave out` : "Walk to"} ${nameOf(picture)}`,
    tell: (step) => code.show(stage.hidden ? [step] : [step, written()]),
    isChosen: (picture) => path.includes(picture),
  });
  const forms = choice("Save as", { gif: "GIF", webp: "WebP" }, form, (value) => {
    form = value;
    tell();
  });
  const stage = h(
    "div",
    {},
    player.element,
    h("div", { class: "row" }, player.play, forms, button("Save", keepFile), saving.element),
  );

  /** The whole walk as one file. */
  function whole() {
    const latents = path.map((picture) => picture.latent);
    const { steps, method, loop } = how;
    return calls.as(
      calls.walk(model, latents, {
        steps,
        method: method === "slerp" ? null : method,
        loop: loop || null,
        fps: player.fps,
      }),
      form,
    );
  }

  const written = () => ({ call: whole(), output: `walk.${form}` });

  function tell() {
    code.show([written()]);
  }

  function renew() {
    stops.refresh();
    task.stop("");
    const frames = path.length > 1 ? new Frames(model, path, how) : null;
    const fits = frames !== null && frames.count <= MOST_FRAMES;
    stage.hidden = code.element.hidden = !fits;
    hint.textContent = frames
      ? `By way of ${path.length} pictures, in the order in which they were chosen.`
      : "Choose two or more kept pictures.";
    if (frames && !fits)
      task.problem.textContent = `A walk has at most ${MOST_FRAMES} frames, and this one would have ${frames.count}: choose fewer pictures or fewer steps.`;
    player.show(fits ? frames : null);
    if (!fits) return;
    tell();
    load();
  }

  /** Fetches what is missing, beginning where the slider is. */
  async function load() {
    const frames = player.frames;
    if (!frames || frames.isWhole || frames.isLoading(player.at, task)) return;
    await task.run("Drawing the walk", (signal, progress) =>
      frames.load(player.at, signal, (done) => {
        progress(done, frames.count);
        player.look();
      }),
    );
  }

  async function keepFile() {
    tell();
    const blob = await saving.run("Making the file", async (signal) => (await send(whole(), signal)).blob());
    if (blob) save(blob, `walk.${form}`);
  }

  /** @param {Partial<typeof how>} change */
  function change(change) {
    Object.assign(how, change);
    renew();
  }

  onKept(() => {
    const still = path.filter((picture) => kept(model).includes(picture));
    path = still.length ? still : kept(model).slice(0, FIRST);
    renew();
  }, life);
  const speeds = choice("Speed", SPEEDS, String(player.fps), (value) => {
    player.fps = Number(value);
    renew();
  });
  root.append(
    h(
      "div",
      { class: "controls" },
      picker("generate", () => root.dispatchEvent(new Event("again"))),
      choice("Steps", { 9: "9", 17: "17", 33: "33" }, String(how.steps), (value) => change({ steps: Number(value) })),
      choice("Way", WAYS, how.method, (method) => change({ method })),
      speeds,
      check("and back, for ever", (loop) => change({ loop })),
    ),
    hint,
    task.element,
    stage,
    stops.element,
    code.element,
  );
  renew();
}
