// @ts-check
/** A game: which of two images does the discriminator rate as more real? */

import { json } from "../api.js";
import * as calls from "../calls.js";
import { button, h } from "../dom.js";
import { blobOf, fromResponse, nameOf, show } from "../images.js";
import { reference } from "../models.js";
import { Task } from "../task.js";

/** @typedef {import("../state.js").GeneratedImage} GeneratedImage */

const SEED_COUNT = 2 ** 32;

/** @typedef {{score: number, probability: number|null}} Discrimination */

/**
 * @param {any} card of a model with a discriminator
 * @param {AbortSignal} viewSignal
 * @param {import("./code-panel.js").CodePanel} code
 * @returns {HTMLElement}
 */
export function guessingGame(card, viewSignal, code) {
  const task = new Task(viewSignal);
  const model = reference(card);
  const status = h("p", { role: "status" }, "Which of two new images does the discriminator rate as more real?");
  const pair = h("div", { class: "pair", role: "group", "aria-label": "The two images" });
  const next = button("Start", nextPair);
  let correct = 0;
  let rounds = 0;

  async function nextPair() {
    const round = await task.run("Generating and rating two images", async (signal) => {
      const seed = Math.floor(Math.random() * SEED_COUNT);
      const images = fromResponse(await json(calls.as(calls.sample(model, { seed, n: 2 }), "json"), signal), true);
      const ratings = images.map(discriminate);
      code.show(
        ["left.png", "right.png"].flatMap((file, index) => [
          { call: calls.regenerate(images[index]), output: file },
          { call: ratings[index], input: file },
        ]),
      );
      return { images, results: await Promise.all(ratings.map((call) => json(call, signal))) };
    });
    if (round) offer(round.images, round.results);
  }

  /** @param {GeneratedImage} image */
  function discriminate(image) {
    return calls.discriminate(model, blobOf(image.src), typeof image.class === "string" ? image.class : null);
  }

  /** @param {GeneratedImage[]} images @param {Discrimination[]} results */
  function offer(images, results) {
    status.textContent = "Which image does the discriminator rate as more real?";
    next.hidden = true;
    const choices = images.map((image, index) => {
      const name = `${index ? "Right" : "Left"} image, ${nameOf(image)}`;
      const act = { click: () => reveal(index, results) };
      return h("button", { type: "button", class: "image", "aria-label": name, on: act }, show(image, ""));
    });
    pair.replaceChildren(...choices);
    choices[0].focus();
  }

  /** @param {number} guessed @param {Discrimination[]} results */
  function reveal(guessed, results) {
    const best = results[0].score >= results[1].score ? 0 : 1;
    rounds += 1;
    correct += guessed === best ? 1 : 0;
    const [leftRating, rightRating] = results.map(format);
    status.textContent = `${guessed === best ? "Yes" : "No"}: left ${leftRating}, right ${rightRating}. Correct: ${correct} of ${rounds}.`;
    [...pair.children].forEach((each, index) => {
      /** @type {HTMLButtonElement} */ (each).disabled = true;
      each.setAttribute("aria-pressed", String(index === best));
    });
    next.textContent = "Next pair";
    next.hidden = false;
    next.focus();
  }

  const rows = [h("h2", {}, "Guess"), status, pair, task.element, next];
  return h("section", { class: "guess", "aria-label": "Guessing game" }, ...rows);
}

/** @param {Discrimination} result */
function format({ score, probability }) {
  return probability === null ? score.toFixed(2) : `${(100 * probability).toFixed(1)} %`;
}
