// @ts-check
/** A picture of a person's own: dropped, pasted, chosen as a file, or taken with the camera. */

import { button, h } from "../dom.js";
import { photograph } from "./camera.js";

/**
 * @param {object} about
 * @param {AbortSignal} about.life
 * @param {(given: import("../state.js").Given) => void} about.take
 * @param {string} [about.what] what is wanted
 * @returns {HTMLElement}
 */
export function dropzone({ life, take, what = "a picture" }) {
  const said = h("p", { role: "alert", class: "problem" });
  const input = h("input", {
    type: "file",
    accept: "image/*",
    class: "unseen",
    "aria-label": `Choose ${what}`,
    on: { change: () => offer(input.files, true) },
  });
  const camera = button("Use the camera", () => {
    said.textContent = "";
    camera.disabled = true;
    photograph(element, life)
      .then(
        (file) => file && take({ file }),
        (error) => {
          said.textContent = error.message;
        },
      )
      .finally(() => {
        camera.disabled = false;
        camera.focus();
      });
  });
  const element = h(
    "section",
    { class: "dropzone", "aria-label": "Your picture" },
    h("p", {}, `Drop ${what} here, paste one, or`),
    h("div", { class: "row" }, h("label", { class: "button" }, "Choose a file", input), camera),
    said,
  );

  /** @param {Iterable<File>|null|undefined} files @param {boolean} isNamed whether they lie somewhere by their names */
  function offer(files, isNamed) {
    const file = [...(files ?? [])].find((each) => each.type.startsWith("image/"));
    said.textContent = file ? "" : "That is not a picture: choose a PNG, JPEG or WebP file.";
    if (file) take({ file, name: isNamed ? file.name : undefined });
    input.value = "";
  }

  const listen = { signal: life };
  element.addEventListener(
    "dragover",
    (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      element.classList.add("over");
    },
    listen,
  );
  for (const name of ["dragleave", "drop"])
    element.addEventListener(name, () => element.classList.remove("over"), listen);
  element.addEventListener(
    "drop",
    (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      offer(event.dataTransfer?.files, true);
    },
    listen,
  );
  // What is dropped beside it would be opened by the browser in place of this page.
  for (const name of ["dragover", "drop"])
    document.addEventListener(name, (event) => refuse(/** @type {DragEvent} */ (event)), listen);
  document.addEventListener(
    "paste",
    (event) => {
      if (event.clipboardData?.files.length) offer(event.clipboardData.files, false);
    },
    listen,
  );
  return element;
}

/** @param {DragEvent} event */
function refuse(event) {
  if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "none";
}
