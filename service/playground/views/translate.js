// @ts-check
/** A picture of one domain turned into another: before and after, the way back, and facades from drawings. */

import { send } from "../api.js";
import * as calls from "../calls.js";
import { button, check, choice, h } from "../dom.js";
import { can, chosen, choose, inverseOf, nobody, picker, reference } from "../models.js";
import { Code } from "../components/code-panel.js";
import { divider } from "../components/divider.js";
import { dropzone } from "../components/dropzone.js";
import { facade } from "../components/facade-editor.js";
import { save, shrink } from "../images.js";
import { state } from "../state.js";
import { Task } from "../task.js";

export const name = "translate";
export const title = "Translate";
export const lede =
  "A picture of your own, as another kind of picture. It goes to this service alone, which keeps nothing.";

/** @typedef {import("../state.js").Given} Given */

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
  const inverse = inverseOf(card);
  const draws = can.buildFacades(card);
  const place = draws && h("p", { class: "note" }, `The ${card.target} is built here while you draw.`);
  const result = h("div", { class: "built" }, place);
  /** @type {string[]} */
  let urls = [];
  let size = "512";
  let goesBack = false;
  /** @type {Given|undefined} */
  let given = draws ? undefined : state.given[name];
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

  /** @param {Given} picture @param {number} longest_px @param {{fit?: string}} [query] */
  async function turn(picture, longest_px, query = {}) {
    const back = goesBack ? inverse : undefined;
    const made = await task.run(`Turning ${card.source} into ${card.target}`, async (signal) => {
      const { file: before, name: input } = await shrink(picture, longest_px, signal);
      const call = calls.translate(reference(card), before, { ...query, cycle: back ? true : null });
      const steps = [{ call, input, output: "translated.png" }];
      code.show(steps);
      const answer = await send(call, signal);
      const after = await answer.blob();
      if (!back) return { before, after };
      const home = calls.translate(reference(back), after, query);
      code.show([...steps, { call: home, input: "translated.png", output: "back.png" }]);
      const again = await (await send(home, signal)).blob();
      return { before, after, again, error: answer.headers.get("X-Cycle-Error") };
    });
    if (made) show(made);
  }

  /** @param {{before: Blob, after: Blob, again?: Blob, error?: string|null}} made */
  function show({ before, after, again, error }) {
    forget();
    const original = { src: url(before), name: card.source };
    const turned = { src: url(after), name: card.target };
    const keeper = button("Save", () => save(after, "translated.png"));
    // A drawing lies beside what is built of it already.
    const shown = draws && !given ? h("img", { src: turned.src, alt: turned.name }) : divider(original, turned);
    result.replaceChildren(shown, h("div", { class: "row" }, keeper));
    if (!again) return;
    result.append(
      h("h2", {}, "And back"),
      divider(original, { src: url(again), name: `${card.source} again` }),
      h("p", { class: "note" }, `The way back misses the original by ${error} of 255 levels on average.`),
    );
  }

  function again() {
    sizes.hidden = draws && !given;
    if (!given) return;
    if (size === MODELS_SIZE) turn(given, MOST_PX, { fit: "resize" });
    else turn(given, Number(size));
  }

  const builder = state.cards.find(can.buildFacades);
  const sizes = choice("Size", SIZES, size, (value) => {
    size = value;
    again();
  });
  const renew = () => root.dispatchEvent(new Event("again"));
  root.append(
    h(
      "div",
      { class: "controls" },
      picker("translate", renew),
      sizes,
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
  const take = (/** @type {Given} */ picture) => {
    given = state.given[name] = picture;
    again();
  };
  const build = (/** @type {Blob} */ file) => {
    given = undefined;
    again();
    turn({ file }, Infinity);
  };
  const zone = dropzone({ life, what: `a picture (${card.source})`, take });
  const parts = draws ? [facade(card, life, build, result), task.element, zone] : [zone, task.element, result];
  root.append(...parts, code.element);
  again();
}
