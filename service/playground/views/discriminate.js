// @ts-check
/** What the discriminator says of a kept picture, or of one's own; and a game of guessing it. */

import { json } from "../api.js";
import * as calls from "../calls.js";
import { h } from "../dom.js";
import { chosen, classOf, classPicker, isSmall, nobody, picker, reference } from "../models.js";
import { Code } from "../components/code-panel.js";
import { dropzone } from "../components/dropzone.js";
import { guess } from "../components/guessing-game.js";
import { shelf } from "../components/saved-images.js";
import { blobOf, nameOf, shrink } from "../images.js";
import { state } from "../state.js";
import { Task } from "../task.js";

export const name = "real-or-fake";
export const title = "Real or fake?";
export const lede =
  "The discriminator learnt to tell real pictures from made ones. Show it one, or guess what it will say.";

/** @typedef {import("../snippets.js").Step} Step */
/** @typedef {import("../state.js").Given} Given */

const MOST_PX = 1024;

/** @param {HTMLElement} root @param {AbortSignal} life */
export function mount(root, life) {
  const card = chosen("judge");
  if (!card) return void root.append(nobody("None of the served models has its discriminator with it."));
  const task = new Task(life),
    code = new Code();
  const model = reference(card);
  const verdict = h("div", { class: "verdict" });
  const claimed = () => classOf(card) ?? card.classes?.[0] ?? null;
  let shown = "";
  life.addEventListener("abort", () => URL.revokeObjectURL(shown));

  /** @param {Given} picture @param {string|null} class_ @param {Step[]} [before] what has made the picture */
  async function judge(picture, class_, before = []) {
    const said = await task.run("Asking the discriminator", async (signal) => {
      const { file, name: input } = await shrink(picture, MOST_PX, signal);
      const call = calls.discriminate(model, file, class_);
      code.show([...before, { call, input }]);
      return json(call, signal);
    });
    if (!said) return verdict.replaceChildren();
    URL.revokeObjectURL(shown);
    shown = URL.createObjectURL(picture.file);
    verdict.replaceChildren(
      h("img", { src: shown, alt: "The judged picture", class: before.length && isSmall(card) ? "pixels" : null }),
      h(
        "div",
        {},
        h("p", { class: "figure", role: "status" }, sentence(said)),
        said.probability !== null &&
          h("meter", { min: 0, max: 1, value: String(said.probability), "aria-label": "Probability of being real" }),
        h("p", { class: "note" }, `Score ${said.score.toFixed(2)}, by ${said.model}.`),
      ),
    );
  }

  const choice = shelf({
    card,
    task,
    life,
    pick: (picture) => {
      delete state.given[name];
      const output = "picture.png";
      const class_ = typeof picture.class === "string" ? picture.class : claimed();
      judge({ file: blobOf(picture.src), name: output }, class_, [{ call: calls.draw(picture), output }]);
    },
    label: (picture) => `Judge ${nameOf(picture)}`,
    tell: (step) => code.show([step]),
  });
  const take = (/** @type {Given} */ picture) => {
    state.given[name] = picture;
    judge(picture, claimed());
  };
  root.append(
    h(
      "div",
      { class: "controls" },
      picker("judge", () => root.dispatchEvent(new Event("again"))),
      classPicker(card, () => {}, { any: false }),
    ),
    choice.element,
    dropzone({ life, take }),
    task.element,
    verdict,
    guess(card, life, code),
    code.element,
  );
  if (state.given[name]) take(state.given[name]);
}

/** @param {{probability: number|null, score: number}} said */
function sentence({ probability, score }) {
  if (probability === null) return `The critic gives it ${score.toFixed(2)}: the higher, the more real.`;
  return `${Math.round(100 * probability)} % real`;
}
