// @ts-check
/** Input for the user's own image: drop, paste, file or camera. */

import { button, h } from "../dom.js";
import { takePhoto } from "./camera.js";

/**
 * @param {object} options
 * @param {AbortSignal} options.viewSignal
 * @param {(upload: import("../state.js").Upload) => void} options.onUpload
 * @param {string} [options.what] description of the image that the view needs
 * @returns {HTMLElement}
 */
export function dropzone({ viewSignal, onUpload, what = "an image" }) {
  const problem = h("p", { role: "alert", class: "problem" });
  const input = h("input", {
    type: "file",
    accept: "image/*",
    class: "visually-hidden",
    "aria-label": `Choose ${what}`,
    on: { change: () => offer(input.files, true) },
  });
  const camera = button("Use the camera", () => {
    problem.textContent = "";
    camera.disabled = true;
    takePhoto(element, viewSignal)
      .then(
        (file) => file && onUpload({ file }),
        (error) => {
          problem.textContent = error.message;
        },
      )
      .finally(() => {
        camera.disabled = false;
        camera.focus();
      });
  });
  const element = h(
    "section",
    { class: "dropzone", "aria-label": "Your image" },
    h("p", {}, `Drop ${what} here, paste one, or`),
    h("div", { class: "row" }, h("label", { class: "button" }, "Choose a file", input), camera),
    problem,
  );

  /** @param {Iterable<File>|null|undefined} files @param {boolean} isNamed whether these are files on disk */
  function offer(files, isNamed) {
    const file = [...(files ?? [])].find((each) => each.type.startsWith("image/"));
    problem.textContent = file ? "" : "That is not an image: choose a PNG, JPEG or WebP file.";
    if (file) onUpload({ file, name: isNamed ? file.name : undefined });
    input.value = "";
  }

  const options = { signal: viewSignal };
  element.addEventListener(
    "dragover",
    (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      element.classList.add("drop-target");
    },
    options,
  );
  for (const name of ["dragleave", "drop"])
    element.addEventListener(name, () => element.classList.remove("drop-target"), options);
  element.addEventListener(
    "drop",
    (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      offer(event.dataTransfer?.files, true);
    },
    options,
  );
  // The browser would replace this page by a file that is dropped outside the drop zone.
  for (const name of ["dragover", "drop"])
    document.addEventListener(name, (event) => refuse(/** @type {DragEvent} */ (event)), options);
  document.addEventListener(
    "paste",
    (event) => {
      if (event.clipboardData?.files.length) offer(event.clipboardData.files, false);
    },
    options,
  );
  return element;
}

/** @param {DragEvent} event */
function refuse(event) {
  if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "none";
}
