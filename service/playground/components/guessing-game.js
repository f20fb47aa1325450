// @ts-check
/** A small game: which of two pictures does the discriminator find more real? */

import { json } from "../api.js";
import * as calls from "../calls.js";
import { button, h } from "../dom.js";
import { reference } from "../models.js";
import { blobOf, fromAnswer, nameOf, show } from "../images.js";
import { Task } from "../task.js";

/** @typedef {import("../state.js").Picture} Picture */

const SEEDS = 2 ** 32;

/** @typedef {{score: number, probability: number|null}} Judgement */

/**
 * @param {any} card of a model with a discriminator
 * @param {AbortSignal} life
 * @param {import("./code-panel.js").Code} code
 * @returns {HTMLElement}
 */
export function guess(card, life, code) {
  const task = new Task(life);
  const model = reference(card);
  const said = h("p", { role: "status" }, "Two fresh pictures: which one does the discriminator find more real?");
  const pair = h("div", { class: "pair", role: "group", "aria-label": "The two pictures" });
  const next = button("Begin", deal);
  let right = 0;
  let rounds = 0;

  async function deal() {
    const dealt = await task.run("Drawing two pictures, and judging them", async (signal) => {
      const seed = Math.floor(Math.random() * SEEDS);
      const pictures = fromAnswer(await json(calls.as(calls.sample(model, { seed, n: 2 }), "json"), signal), true);
      const questions = pictures.map(question);
      code.show(
        ["left.png", "right.png"].flatMap((file, index) => [
          { call: calls.draw(pictures[index]), output: file },
          { call: questions[index], input: file },
        ]),
      );
      return { pictures, said: await Promise.all(questions.map((call) => json(call, signal))) };
    });
    if (dealt) offer(dealt.pictures, dealt.said);
  }

  /** @param {Picture} picture */
  function question(picture) {
    return calls.discriminate(model, blobOf(picture.src), typeof picture.class === "string" ? picture.class : null);
  }

  /** @param {Picture[]} pictures @param {Judgement[]} judgements */
  function offer(pictures, judgements) {
    said.textContent = "Which one does the discriminator find more real?";
    next.hidden = true;
    const choices = pictures.map((picture, index) => {
      const name = `${index ? "Right" : "Left"} picture, ${nameOf(picture)}`;
      const act = { click: () => tell(index, judgements) };
      return h("button", { type: "button", class: "picture", "aria-label": name, on: act }, show(picture, ""));
    });
    pair.replaceChildren(...choices);
    choices[0].focus();
  }

  /** @param {number} chosen @param {Judgement[]} judgements */
  function tell(chosen, judgements) {
    const best = judgements[0].score >= judgements[1].score ? 0 : 1;
    rounds += 1;
    right += chosen === best ? 1 : 0;
    const [left, other] = judgements.map(figure);
    said.textContent = `${chosen === best ? "Yes" : "No"}: the left one ${left}, the right one ${other}. ${right} of ${rounds} right.`;
    [...pair.children].forEach((each, index) => {
      /** @type {HTMLButtonElement} */ (each).disabled = true;
      each.setAttribute("aria-pressed", String(index === best));
    });
    next.textContent = "Next pair";
    next.hidden = false;
    next.focus();
  }

  const rows = [h("h2", {}, "Guess"), said, pair, task.element, next];
  return h("section", { class: "guess", "aria-label": "Guessing game" }, ...rows);
}

/** @param {Judgement} judgement */
function figure({ score, probability }) {
  return probability === null ? score.toFixed(2) : `${(100 * probability).toFixed(1)} %`;
}
