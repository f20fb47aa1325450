// @ts-check
/** Sums and differences of kept pictures, with variations, and steps along named directions. */

import { json } from "../api.js";
import * as calls from "../calls.js";
import { debounce, h } from "../dom.js";
import { chosen, nobody, picker, reference } from "../models.js";
import { Bins } from "../components/term-slots.js";
import { Code } from "../components/code-panel.js";
import { directions } from "../components/direction-sliders.js";
import { Grid, keeper } from "../components/image-grid.js";
import { shelf } from "../components/saved-images.js";
import { fromAnswer, nameOf } from "../images.js";
import { onKept } from "../state.js";
import { Task } from "../task.js";

export const name = "arithmetic";
export const title = "Arithmetic";
export const lede =
  "The mean of one bin, minus that of another, plus that of a third: what is left of a smile without its face?";

const PAUSE_MS = 120;
const VARIATIONS = 8;

/** @param {HTMLElement} root @param {AbortSignal} life */
export function mount(root, life) {
  const card = chosen("generate");
  if (!card)
    return void root.append(
      nobody("None of the served models draws pictures from latents, so that there is nothing to add up."),
    );
  const task = new Task(life),
    code = new Code(),
    around = new Grid(life, "Variations");
  const hint = h("p", { class: "note", role: "status" });
  const result = h("div", { class: "result" });
  const sum = h(
    "section",
    { class: "sum", "aria-label": "Result", hidden: true },
    h("div", {}, h("h2", {}, "= Result"), result),
    h("div", {}, h("h2", {}, "and around it"), around.element),
  );
  const later = debounce(() => add(), PAUSE_MS, life);
  const sliders = directions(card.directions, later);
  const bins = new Bins(
    reference(card),
    () => {
      tell();
      later();
    },
    () => {
      hint.textContent = "Choose one of the kept pictures below first.";
    },
  );
  const choice = shelf({
    card,
    task,
    life,
    pick: (picture) => {
      bins.chosen = picture;
      choice.refresh();
      tell();
    },
    label: (picture) => `Choose ${nameOf(picture)}; keys 1, 2 and 3 put it into a bin`,
    isChosen: (picture) => bins.chosen === picture,
    tell: (step) => code.show([step]),
    press: (picture, key) => {
      if (!["1", "2", "3"].includes(key)) return false;
      bins.put(Number(key) - 1, picture);
      return true;
    },
  });

  function tell() {
    hint.textContent = bins.chosen
      ? `${nameOf(bins.chosen)} is chosen: put it into a bin.`
      : "Drag kept pictures into the bins, or choose one and press a bin's button; on a picture the keys 1, 2 and 3 do the same.";
  }

  async function add() {
    const terms = bins.terms();
    sum.hidden = terms.length === 0;
    if (!terms.length) {
      code.element.hidden = true;
      return task.stop("");
    }
    const steps = sliders.weights();
    const call = calls.arithmetic(reference(card), {
      terms,
      directions: steps.length ? steps : null,
      variations: VARIATIONS,
      seed: 0,
    });
    code.show([{ call, output: "sum.png" }]);
    const answer = await task.run("Adding up", (signal) => json(calls.as(call, "json"), signal));
    if (!answer) return;
    const [first, ...others] = fromAnswer(answer);
    result.replaceChildren(keeper(first, "the result"));
    around.replace(others);
  }

  onKept(() => {
    bins.tidy();
    if (bins.chosen && !choice.element.querySelector(`[data-id="${CSS.escape(bins.chosen.id)}"]`)) bins.chosen = null;
    tell();
  }, life);
  root.append(
    h(
      "div",
      { class: "controls" },
      picker("generate", () => root.dispatchEvent(new Event("again"))),
    ),
    h("div", { class: "equation" }, bins.element, sum),
    task.element,
    hint,
    choice.element,
    sliders.element,
    code.element,
  );
  tell();
  bins.tidy();
  add();
}
