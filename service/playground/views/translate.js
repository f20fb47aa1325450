// @ts-check
/** A picture of one domain turned into another: before and after, the way back, and facades from drawings. */

import { send } from "../api.js";
import * as calls from "../calls.js";
import { button, check, choice, h } from "../dom.js";
import { can, chosen, choose, inverseOf, nobody, picker, reference } from "../models.js";
import { Code } from "../parts/code.js";
import { divider } from "../parts/divider.js";
import { dropzone } from "../parts/dropzone.js";
import { facade } from "../parts/facade.js";
import { save, shrink } from "../pictures.js";
import { state } from "../state.js";
import { Task } from "../task.js";

export const name = "translate";
export const title = "Translate";
export const lede =
  "A picture of your own, as another kind of picture. It goes to this service alone, which keeps nothing.";

const MODELS_SIZE = "model";
const MOST_PX = 2048;
const SIZES = {
  256: "at most 256 px",
  512: "at most 512 px",
  1024: "at most 1,024 px (slow)",
  Infinity: "as it is",
  [MODELS_SIZE]: "the model's own size",
};

/** @param {HTMLElement} root @param {AbortSignal} life */
export function mount(root, life) {
  const card = chosen("translate");
  if (!card) return void root.append(nobody("None of the served models turns one kind of picture into another."));
  const task = new Task(life);
  const code = new Code();
  const result = h("div");
  const inverse = inverseOf(card);
  /** @type {string[]} */
  let urls = [];
  let size = "512";
  let goesBack = false;
  /** @type {{file: Blob, name: string}|null} */
  let given = null;
  life.addEventListener("abort", forget);

  function forget() {
    urls.forEach((each) => URL.revokeObjectURL(each));
    urls = [];
  }

  /** @param {Blob} blob */
  function url(blob) {
    urls.push(URL.createObjectURL(blob));
    return urls[urls.length - 1];
  }

  /** @param {Blob} file @param {string} name @param {number} longest_px @param {{fit?: string}} [query] */
  async function turn(file, name, longest_px, query = {}) {
    const back = goesBack ? inverse : undefined;
    const made = await task.run(`Turning ${card.source} into ${card.target}`, async (signal) => {
      const before = await shrink(file, longest_px);
      const call = calls.translate(reference(card), before, { ...query, cycle: back ? true : null });
      code.show(call, { output: "translated.png", input: name });
      const answer = await send(call, signal);
      const after = await answer.blob();
      const again = back && (await (await send(calls.translate(reference(back), after, query), signal)).blob());
      return { before, after, again, error: answer.headers.get("X-Cycle-Error") };
    });
    if (made) show(made);
  }

  /** @param {{before: Blob, after: Blob, again: Blob|undefined, error: string|null}} made */
  function show({ before, after, again, error }) {
    forget();
    const original = { src: url(before), name: card.source };
    const keeper = button("Save", () => save(after, "translated.png"));
    result.replaceChildren(
      divider(original, { src: url(after), name: card.target }),
      h("div", { class: "row" }, keeper),
    );
    if (!again) return;
    result.append(
      h("h2", {}, "And back"),
      divider(original, { src: url(again), name: `${card.source} again` }),
      h("p", { class: "note" }, `The way back misses the original by ${error} of 255 levels on average.`),
    );
  }

  function again() {
    if (!given) return;
    if (size === MODELS_SIZE) turn(given.file, given.name, MOST_PX, { fit: "resize" });
    else turn(given.file, given.name, Number(size));
  }

  const builder = state.cards.find(can.buildFacades);
  const draws = can.buildFacades(card);
  const renew = () => root.dispatchEvent(new Event("again"));
  root.append(
    h(
      "div",
      { class: "controls" },
      picker("translate", renew),
      choice("Size", SIZES, size, (value) => {
        size = value;
        again();
      }),
      inverse &&
        check(`and back to ${card.source}`, (isOn) => {
          goesBack = isOn;
          again();
        }),
      builder &&
        !draws &&
        button("Draw a facade", () => {
          choose(builder);
          renew();
        }),
    ),
  );
  const take = (/** @type {Blob} */ file, /** @type {string} */ name) => {
    given = { file, name };
    again();
  };
  const zone = dropzone({ life, what: `a picture (${card.source})`, take });
  const easel = draws && facade(card, life, (drawing) => turn(drawing, "drawing.png", Infinity));
  root.append(...(easel ? [easel, task.element, result, zone] : [zone, task.element, result]), code.element);
}
