// @ts-check
/** Images in the browser: read from responses, shown as elements, downloaded as files, scaled down for upload. */

import { h } from "./dom.js";
import { find, isSmall } from "./models.js";

/** @typedef {import("./state.js").GeneratedImage} GeneratedImage */
/** @typedef {import("./state.js").Upload} Upload */

let count = 0;

/**
 * The images of a JSON response.
 * @param {any} response
 * @param {boolean} [isSeeded] whether the seed alone reproduces each image; a seed is easier to read than a latent
 * @returns {GeneratedImage[]}
 */
export function fromResponse(response, isSeeded = false) {
  return response.images.map((/** @type {any} */ image) => {
    const { seed, class: class_ } = image;
    const latent = isSeeded ? { seed, ...(class_ === null ? {} : { class: class_ }) } : image.latent;
    const id = seed === null ? `${Date.now()}-${(count += 1)}` : `${response.model}/${JSON.stringify(latent)}`;
    return {
      id,
      model: response.model,
      latent,
      class: class_,
      seed,
      src: `data:${image.content_type};base64,${image.data}`,
    };
  });
}

/** A short name for the user. @param {GeneratedImage} image */
export function nameOf(image) {
  const class_ = typeof image.class === "string" ? `${image.class}, ` : "";
  return `${class_}${image.seed === null ? "computed latent" : `seed ${image.seed}`}`;
}

/**
 * The bytes of an image.
 * @param {string} src a data: URL
 * @returns {Blob}
 */
export function blobOf(src) {
  const [head, data] = src.split(",");
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: head.slice(5).split(";")[0] });
}

/**
 * An element for a generated image; small images are enlarged without smoothing.
 * @param {GeneratedImage} image
 * @param {string} [alt]
 * @returns {HTMLImageElement}
 */
export function show(image, alt) {
  const card = find(image.model);
  return h("img", {
    src: image.src,
    alt: alt ?? nameOf(image),
    class: card && isSmall(card) ? "pixels" : null,
    draggable: "false",
  });
}

/** Downloads bytes as a file. @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/**
 * Scales an image down if a side is longer than a limit.
 * @param {Upload} upload
 * @param {number} max_px Infinity for no limit
 * @param {AbortSignal} signal aborts when the result is no longer needed
 * @returns {Promise<Upload>} the same upload if it is small enough or unreadable here; else one without a name
 */
export async function shrink(upload, max_px, signal) {
  const bitmap = await createImageBitmap(upload.file).catch(() => null); // the service reports what is wrong with it
  signal.throwIfAborted();
  if (!bitmap || Math.max(bitmap.width, bitmap.height) <= max_px) return upload;
  const scale = max_px / Math.max(bitmap.width, bitmap.height);
  const canvas = h("canvas", {
    width: Math.max(1, Math.round(bitmap.width * scale)),
    height: Math.max(1, Math.round(bitmap.height * scale)),
  });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return { file: await toPng(canvas) };
}

/** @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} a PNG */
export function toPng(canvas) {
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(/** @type {Blob} */ (blob)), "image/png"));
}
