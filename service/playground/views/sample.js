// @ts-check
/** A grid of pictures from a seed; a click keeps one. */

import { json } from "../api.js";
import * as calls from "../calls.js";
import { button, choice, debounce, field, h, slider } from "../dom.js";
import { chosen, classOf, classPicker, nobody, picker, reference } from "../models.js";
import { Code } from "../components/code-panel.js";
import { Grid } from "../components/image-grid.js";
import { fromAnswer } from "../images.js";
import { kept, onKept, state } from "../state.js";
import { Task } from "../task.js";

export const name = "sample";
export const title = "Sample";
export const lede = "Each seed is a picture, always the same one. Press a picture to keep it for the other pages.";

const PAUSE_MS = 200;
const LARGEST = Number.MAX_SAFE_INTEGER - 10_000;

/** @param {HTMLElement} root @param {AbortSignal} life */
export function mount(root, life) {
  const card = chosen("generate");
  if (!card) return void root.append(nobody("None of the served models draws pictures from seeds."));
  const task = new Task(life),
    code = new Code(),
    grid = new Grid(life, "Pictures");
  const how = state.sample;
  let now = card,
    drawn = 0;
  const seed = h("input", {
    type: "text",
    inputmode: "numeric",
    pattern: "[0-9]{1,16}",
    autocomplete: "off",
    value: how.seed,
    on: { input: () => later() },
  });
  const classes = h("div", { class: "slot" });
  const count = h("p", { class: "note", role: "status" });
  const more = button("More", () => draw(true));

  /** @param {boolean} adds keeps what is there */
  async function draw(adds) {
    const first = Number(seed.value);
    const { n, truncation } = how;
    how.seed = seed.value;
    if (!/^[0-9]+$/.test(seed.value) || first > LARGEST)
      return void task.stop(`A seed is a whole number from 0 to ${LARGEST}.`);
    const start = adds ? drawn : 0;
    const isWhole = truncation === 1;
    const call = calls.sample(reference(now), { seed: first + start, n, class: classOf(now), truncation });
    const answer = await task.run(`Drawing ${n} pictures`, (signal) => json(calls.as(call, "json"), signal));
    if (!answer) return;
    const pictures = fromAnswer(answer, isWhole);
    if (adds) grid.append(pictures);
    else grid.replace(pictures);
    drawn = start + n;
    code.show([{ call, output: "pictures.png" }]);
  }
  const later = debounce(() => draw(false), PAUSE_MS, life);

  function choose(/** @type {any} */ other = now) {
    now = other;
    classes.replaceChildren(...[classPicker(now, () => draw(false))].filter((part) => part !== null));
    draw(false);
  }

  const told = () => {
    count.textContent = `${kept(reference(now)).length} kept of this model.`;
  };
  onKept(told, life);
  root.append(
    h(
      "form",
      {
        class: "controls",
        on: {
          submit: (/** @type {Event} */ event) => {
            event.preventDefault();
            draw(false);
          },
        },
      },
      picker("generate", (other) => {
        choose(other);
        told();
      }),
      classes,
      field("Seed", seed),
      button("Another seed", () => {
        seed.value = String(Math.floor(Math.random() * 1e6));
        draw(false);
      }),
      choice("At a time", { 12: "12", 24: "24", 48: "48" }, String(how.n), (value) => {
        how.n = Number(value);
        draw(false);
      }),
      slider("Truncation", { min: 0.1, max: 1, step: 0.05, value: how.truncation }, (value) => {
        how.truncation = value;
        later();
      }),
    ),
    task.element,
    grid.element,
    h("div", { class: "row" }, more, count),
    code.element,
  );
  choose();
  told();
}
