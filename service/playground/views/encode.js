// @ts-check
/** A picture of one's own as the model sees it, moved along the model's directions. */

import { json } from "../api.js";
import * as calls from "../calls.js";
import { debounce, h } from "../dom.js";
import { chosen, classOf, classPicker, nobody, picker, reference } from "../models.js";
import { Code } from "../components/code-panel.js";
import { directions } from "../components/direction-sliders.js";
import { dropzone } from "../components/dropzone.js";
import { keeper } from "../components/image-grid.js";
import { fromAnswer, shrink } from "../images.js";
import { state } from "../state.js";
import { Task } from "../task.js";

export const name = "encode";
export const title = "Encode";
export const lede = "The encoder finds the latent whose picture is most like yours. From there it can go anywhere.";

const PAUSE_MS = 120;
const MOST_PX = 1024;

/** @param {HTMLElement} root @param {AbortSignal} life */
export function mount(root, life) {
  const card = chosen("encode");
  if (!card) return void root.append(nobody("None of the served models has an encoder with it."));
  const task = new Task(life),
    code = new Code(),
    model = reference(card);
  const given = h("div"),
    found = h("div");
  const sides = h(
    "div",
    { class: "sides", hidden: true },
    h("div", {}, h("h2", {}, "Yours"), given),
    h("div", {}, h("h2", {}, "The model's"), found),
  );
  /** @type {any} */
  let latent = null;
  /** @type {import("../snippets.js").Step[]} */
  let before = [];
  let shown = "";
  life.addEventListener("abort", () => URL.revokeObjectURL(shown));
  const later = debounce(() => draw(), PAUSE_MS, life);
  const sliders = directions(card.directions, later);

  /** @param {import("../state.js").Given} picture */
  async function take(picture) {
    state.given[name] = picture;
    const answer = await task.run("Looking for its latent", async (signal) => {
      const { file, name: input } = await shrink(picture, MOST_PX, signal);
      const steps = [{ call: calls.encode(model, file), input }];
      code.show(steps);
      return { steps, latent: (await json(steps[0].call, signal)).latent };
    });
    if (!answer) return;
    ({ latent, steps: before } = answer);
    URL.revokeObjectURL(shown);
    shown = URL.createObjectURL(picture.file);
    given.replaceChildren(h("img", { src: shown, alt: "Your picture" }));
    await draw();
  }

  async function draw() {
    if (!latent) return;
    const steps = sliders.weights();
    const class_ = card.classes ? (classOf(card) ?? card.classes[0]) : null;
    const call = calls.arithmetic(model, {
      terms: [{ weight: 1, latents: [latent] }],
      directions: steps.length ? steps : null,
      class: class_,
    });
    code.show([...before, { call, output: "moved.png" }]);
    const answer = await task.run("Drawing", (signal) => json(calls.as(call, "json"), signal));
    if (!answer) return;
    sides.hidden = false;
    found.replaceChildren(keeper(fromAnswer(answer)[0], "the model's picture"));
  }

  root.append(
    h(
      "div",
      { class: "controls" },
      picker("encode", () => root.dispatchEvent(new Event("again"))),
      classPicker(card, () => later(), { any: false }),
    ),
    dropzone({ life, what: "a face or another picture", take }),
    task.element,
    sides,
    sliders.element,
    code.element,
  );
  if (state.given[name]) take(state.given[name]);
}
