// @ts-check
/** Functions that create elements. Independent of images, models and the service. */

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "srcObject", "muted", "htmlFor"]);

/**
 * An element with its attributes, listeners and children.
 * @param {string} tag
 * @param {Record<string, any>} [attributes] attributes, some properties, and `on`: listeners by event; null: left out
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {any} the element, of the type that the tag names
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
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
 * @param {(event: Event) => void} onClick
 * @param {Record<string, any>} [attributes]
 * @returns {HTMLButtonElement}
 */
export function button(text, onClick, attributes = {}) {
  return h("button", { type: "button", ...attributes, on: { click: onClick } }, text);
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
 * A select element with its label.
 * @param {string} text its label
 * @param {Record<string, string>|Array<[string, string]>} options texts by value
 * @param {string} selected
 * @param {(value: string) => void} onChange
 * @returns {HTMLLabelElement}
 */
export function select(text, options, selected, onChange) {
  const pairs = Array.isArray(options) ? options : Object.entries(options);
  const element = h("select", { on: { change: () => onChange(element.value) } });
  for (const [value, label] of pairs) element.append(h("option", { value }, label));
  element.value = pairs.some(([value]) => value === selected) ? selected : (pairs[0]?.[0] ?? "");
  return field(text, element);
}

/**
 * A checkbox with its label.
 * @param {string} text
 * @param {(isOn: boolean) => void} onChange
 * @returns {HTMLLabelElement}
 */
export function checkbox(text, onChange) {
  const input = h("input", { type: "checkbox", on: { change: () => onChange(input.checked) } });
  return h("label", { class: "checkbox" }, input, text);
}

/**
 * A slider with its value beside it.
 * @param {string} text its label
 * @param {{min: number, max: number, step: number, value: number}} range
 * @param {(value: number) => void} onInput called while the slider moves
 * @returns {HTMLLabelElement}
 */
export function slider(text, range, onInput) {
  const output = h("span", { "aria-hidden": "true" }, String(range.value)); // an <output> would take the label
  const input = h("input", {
    type: "range",
    min: range.min,
    max: range.max,
    step: range.step,
    on: {
      input: () => {
        output.textContent = input.value;
        onInput(Number(input.value));
      },
    },
  });
  input.value = String(range.value);
  return h("label", { class: "field slider" }, h("span", {}, text, " ", output), input);
}

/**
 * Replaces the items of a list. The focus stays at its position among the buttons, or moves to the next one.
 * @param {HTMLElement} list
 * @param {HTMLElement[]} items
 * @param {HTMLElement} heading gets the focus if no button is left
 */
export function replaceItems(list, items, heading) {
  const position = [...list.querySelectorAll("button")].findIndex((each) => each === document.activeElement);
  list.replaceChildren(...items);
  if (position < 0) return;
  const buttons = list.querySelectorAll("button");
  (buttons[Math.min(position, buttons.length - 1)] ?? heading).focus();
}

/**
 * Delays a callback until it has not been called for a pause.
 * @template {any[]} A
 * @param {(...args: A) => void} callback
 * @param {number} pause_ms
 * @param {AbortSignal} signal after which the callback is not called
 * @returns {(...args: A) => void}
 */
export function debounce(callback, pause_ms, signal) {
  let timer = 0;
  signal.addEventListener("abort", () => clearTimeout(timer));
  return (...args) => {
    clearTimeout(timer);
    if (!signal.aborted) timer = window.setTimeout(() => callback(...args), pause_ms);
  };
}
