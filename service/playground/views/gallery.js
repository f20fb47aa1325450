// @ts-check
/** The served models: what they draw, how they were made, what was measured, under which terms. */

import { ROOT } from "../api.js";
import * as calls from "../calls.js";
import { h } from "../dom.js";
import { can, choose, isSmall, methodOf, reference } from "../models.js";
import { Code } from "../components/code-panel.js";
import { state } from "../state.js";

/** @typedef {import("../state.js").Card} Card */

export const name = "gallery";
export const title = "Gallery";
export const lede = "Pictures made by generative adversarial networks. These are the models that are served here.";

/** @type {Array<[string, string, string]>} */
const WAYS = [
  ["generate", "sample", "Sample"],
  ["generate", "walk", "Walk"],
  ["generate", "arithmetic", "Arithmetic"],
  ["translate", "translate", "Translate"],
  ["judge", "real-or-fake", "Real or fake?"],
  ["encode", "encode", "Encode"],
];

/** @param {HTMLElement} root */
export function mount(root) {
  const code = new Code();
  code.show([{ call: calls.models() }]);
  const cards = h("ul", { class: "cards" }, ...state.cards.map(card));
  root.append(
    state.cards.length
      ? cards
      : h(
          "p",
          { class: "nobody" },
          "No model is served yet: put a package into the models folder, and reload this page.",
        ),
  );
  if (state.skipped.length)
    root.append(
      h(
        "details",
        {},
        h("summary", {}, `Not served (${state.skipped.length})`),
        h("ul", {}, ...state.skipped.map((one) => h("li", {}, `${one.name}@${one.version}: ${one.reason}`))),
      ),
    );
  root.append(code.element);
}

/** @param {Card} card */
function card(card) {
  const { height, width, channels } = card.image;
  const what =
    card.task === "translate" ? `${card.source} to ${card.target}, trained at` : channels === 1 ? "grey," : "colour,";
  return h(
    "li",
    {},
    h("img", {
      src: new URL(`v1/models/${reference(card)}/preview`, ROOT).href,
      alt: `Pictures by ${card.name}`,
      class: isSmall(card) ? "pixels" : null,
      loading: "lazy",
    }),
    h("h2", {}, card.name, " ", h("small", {}, `version ${card.version}`)),
    h("p", {}, card.description),
    h(
      "p",
      { class: "note" },
      `${methodOf(card)}, ${what} ${width} × ${height} px${card.classes ? `, ${card.classes.length} classes` : ""}`,
    ),
    card.metrics.length > 0 &&
      h("details", {}, h("summary", {}, "Measured"), h("dl", {}, ...card.metrics.flatMap(metric))),
    h("p", { class: "note" }, `Weights: ${card.licence}. Data: ${card.data_terms}.`),
    h(
      "p",
      { class: "ways" },
      ...WAYS.filter(([ability]) => can[ability](card)).map(([, view, text]) =>
        h("a", { href: `#${view}`, "aria-label": `${text}: ${card.name}`, on: { click: () => choose(card) } }, text),
      ),
    ),
  );
}

/** @param {any} metric */
function metric({ name, value, standard_error, floor, reference: paper, protocol }) {
  const number = (/** @type {number} */ given) => String(Number(given.toPrecision(3)));
  const error = standard_error === null ? "" : ` ± ${number(standard_error)}`;
  const beside = [floor === null ? "" : `real data ${number(floor)}`, paper ? `paper ${paper}` : ""]
    .filter(Boolean)
    .join("; ");
  return [
    h("dt", {}, name.replaceAll("_", " ")),
    h("dd", {}, `${number(value)}${error}`, beside && h("small", {}, ` ${beside}`)),
    h("dd", { class: "protocol" }, protocol),
  ];
}
