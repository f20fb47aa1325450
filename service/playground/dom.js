// @ts-check
/** Elements in one line each. Knows nothing of pictures, models or the service. */

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "srcObject", "muted", "htmlFor"]);

/**
 * An element with its attributes, listeners and children.
 * @param {string} tag
 * @param {Record<string, any>} [given] attributes, some properties, and `on`: listeners by event; null leaves one out
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {any} the element; its kind follows from the tag
 */
export function h(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined) continue;
    if (name === "on") for (const [event, listen] of Object.entries(value)) element.addEventListener(event, listen);
    else if (PROPERTIES.has(name)) /** @type {any} */ (element)[name] = value;
    else if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false).map(nodeOf));
  return element;
}

/** @param {any} child */
function nodeOf(child) {
  return child instanceof Node ? child : String(child);
}

/**
 * A button.
 * @param {string} text
 * @param {(event: Event) => void} act
 * @param {Record<string, any>} [given]
 * @returns {HTMLButtonElement}
 */
export function button(text, act, given = {}) {
  return h("button", { type: "button", ...given, on: { click: act } }, text);
}

/**
 * A control with its label.
 * @param {string} text
 * @param {HTMLElement} control
 * @returns {HTMLLabelElement}
 */
export function field(text, control) {
  return h("label", { class: "field" }, h("span", {}, text), control);
}

/**
 * A choice among a few, with its label.
 * @param {string} text its label
 * @param {Record<string, string>|Array<[string, string]>} options texts by value
 * @param {string} chosen
 * @param {(value: string) => void} act
 * @returns {HTMLLabelElement}
 */
export function choice(text, options, chosen, act) {
  const pairs = Array.isArray(options) ? options : Object.entries(options);
  const element = h("select", { on: { change: () => act(element.value) } });
  for (const [value, shown] of pairs) element.append(h("option", { value }, shown));
  element.value = pairs.some(([value]) => value === chosen) ? chosen : (pairs[0]?.[0] ?? "");
  return field(text, element);
}

/**
 * A box to tick, with its label.
 * @param {string} text
 * @param {(isOn: boolean) => void} act
 * @returns {HTMLLabelElement}
 */
export function check(text, act) {
  const input = h("input", { type: "checkbox", on: { change: () => act(input.checked) } });
  return h("label", { class: "check" }, input, text);
}

/**
 * A slider with its value beside it.
 * @param {string} text its label
 * @param {{min: number, max: number, step: number, value: number}} range
 * @param {(value: number) => void} act while it moves
 * @returns {HTMLLabelElement}
 */
export function slider(text, range, act) {
  const output = h("span", { "aria-hidden": "true" }, String(range.value)); // an output would take the label
  const input = h("input", {
    type: "range",
    min: range.min,
    max: range.max,
    step: range.step,
    on: {
      input: () => {
        output.textContent = input.value;
        act(Number(input.value));
      },
    },
  });
  input.value = String(range.value);
  return h("label", { class: "field slider" }, h("span", {}, text, " ", output), input);
}

/**
 * Gives a list other items. The focus stays at its place among their buttons: where one is taken out, on the next one.
 * @param {HTMLElement} list
 * @param {HTMLElement[]} items
 * @param {HTMLElement} heading is focused where no button is left
 */
export function refill(list, items, heading) {
  const place = [...list.querySelectorAll("button")].findIndex((each) => each === document.activeElement);
  list.replaceChildren(...items);
  if (place < 0) return;
  const buttons = list.querySelectorAll("button");
  (buttons[Math.min(place, buttons.length - 1)] ?? heading).focus();
}

/**
 * Calls at most once per pause.
 * @template {any[]} A
 * @param {(...given: A) => void} act
 * @param {number} pause_ms
 * @param {AbortSignal} life after which nothing is called
 * @returns {(...given: A) => void}
 */
export function debounce(act, pause_ms, life) {
  let timer = 0;
  life.addEventListener("abort", () => clearTimeout(timer));
  return (...given) => {
    clearTimeout(timer);
    if (!life.aborted) timer = window.setTimeout(() => act(...given), pause_ms);
  };
}
