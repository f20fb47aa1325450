// @ts-check
/** A picture of a person's own: dropped, pasted, chosen as a file, or taken with the camera. */

import { button, h } from "../dom.js";
import { photograph } from "./camera.js";

/**
 * @param {object} about
 * @param {AbortSignal} about.life
 * @param {(file: Blob, name: string) => void} about.take
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
    on: { change: () => offer(input.files) },
  });
  const camera = button("Use the camera", () => {
    said.textContent = "";
    camera.disabled = true;
    photograph(element, life)
      .then(
        (blob) => blob && take(blob, "photo.png"),
        (error) => {
          said.textContent = error.message;
        },
      )
      .finally(() => {
        camera.disabled = false;
      });
  });
  const element = h(
    "section",
    { class: "dropzone", "aria-label": "Your picture" },
    h("p", {}, `Drop ${what} here, paste one, or`),
    h("div", { class: "row" }, h("label", { class: "button" }, "Choose a file", input), camera),
    said,
  );

  /** @param {Iterable<File>|null|undefined} files */
  function offer(files) {
    const file = [...(files ?? [])].find((each) => each.type.startsWith("image/"));
    said.textContent = file ? "" : "That is not a picture: choose a PNG, JPEG or WebP file.";
    if (file) take(file, file.name || "picture.png");
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
      offer(event.dataTransfer?.files);
    },
    listen,
  );
  document.addEventListener(
    "paste",
    (event) => {
      if (event.clipboardData?.files.length) offer(event.clipboardData.files);
    },
    listen,
  );
  return element;
}
