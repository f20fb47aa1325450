// @ts-check
/** The kept pictures of one model, to choose from, with a way to get some at once. */

import { json } from "../api.js";
import * as calls from "../calls.js";
import { button, h, refill } from "../dom.js";
import { classOf, reference } from "../models.js";
import { fromAnswer, nameOf, show } from "../images.js";
import { keep, kept, letGo, onKept } from "../state.js";

/** @typedef {import("../state.js").Picture} Picture */
/** @typedef {import("../state.js").Card} Card */
/** @typedef {import("../snippets.js").Step} Step */

const SEEDS = 2 ** 32;
export const DRAGGED = "text/x-ganvas-picture";

/**
 * @param {object} about
 * @param {Card} about.card whose pictures
 * @param {import("../task.js").Task} about.task runs what fetches some more
 * @param {AbortSignal} about.life
 * @param {(picture: Picture) => void} about.pick what a click does
 * @param {(picture: Picture) => string} about.label says what a click does
 * @param {(step: Step) => void} about.tell is given what has fetched some more
 * @param {(picture: Picture, key: string) => boolean} [about.press] a key on a picture; whether it meant something
 * @param {(picture: Picture) => boolean} [about.isChosen]
 * @returns {{element: HTMLElement, refresh: () => void}}
 */
export function shelf({ card, task, life, pick, label, tell, press, isChosen }) {
  const heading = h("h2", { tabindex: "-1" }, "Kept");
  const list = h("ul", { class: "shelf", "aria-label": "Kept pictures" });
  const empty = h(
    "p",
    { class: "note" },
    "Nothing is kept of this model yet. Keep pictures in ",
    h("a", { href: "#sample" }, "Sample"),
    ", or:",
  );
  const more = button("Keep four at random", fetchSome, { class: "quiet" });

  async function fetchSome() {
    const seed = Math.floor(Math.random() * SEEDS);
    const call = calls.sample(reference(card), { seed, n: 4, class: classOf(card) });
    const answer = await task.run("Drawing", (signal) => json(calls.as(call, "json"), signal));
    if (!answer) return;
    keep(...fromAnswer(answer, true));
    tell({ call, output: "pictures.png" });
  }

  function refresh() {
    const pictures = kept(reference(card));
    refill(list, pictures.map(item), heading);
    empty.hidden = pictures.length > 0;
  }

  /** @param {Picture} picture */
  function item(picture) {
    const choose = h(
      "button",
      {
        type: "button",
        class: "picture",
        "aria-label": label(picture),
        title: nameOf(picture),
        draggable: "true",
        "data-id": picture.id,
        "aria-pressed": isChosen ? String(isChosen(picture)) : null,
        on: {
          click: () => pick(picture),
          keydown: (/** @type {KeyboardEvent} */ event) => {
            if (press?.(picture, event.key)) event.preventDefault();
          },
          dragstart: (/** @type {DragEvent} */ event) => event.dataTransfer?.setData(DRAGGED, picture.id),
        },
      },
      show(picture, ""),
    );
    return h(
      "li",
      {},
      choose,
      button("×", () => letGo(picture), { class: "remove", "aria-label": `Let go of ${nameOf(picture)}` }),
    );
  }

  onKept(refresh, life);
  refresh();
  return {
    element: h("section", { class: "kept", "aria-label": "Kept" }, heading, list, empty, more),
    refresh,
  };
}
