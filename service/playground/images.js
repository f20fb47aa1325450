// @ts-check
/** Pictures in a browser: answers become them, they become files, they are shown. */

import { h } from "./dom.js";
import { find, isSmall } from "./models.js";

/** @typedef {import("./state.js").Picture} Picture */
/** @typedef {import("./state.js").Given} Given */

let count = 0;

/**
 * The pictures of a JSON answer.
 * @param {any} answer
 * @param {boolean} [isSeeded] whether their seeds alone draw them again, which reads better than the latents
 * @returns {Picture[]}
 */
export function fromAnswer(answer, isSeeded = false) {
  return answer.images.map((/** @type {any} */ image) => {
    const { seed, class: class_ } = image;
    const latent = isSeeded ? { seed, ...(class_ === null ? {} : { class: class_ }) } : image.latent;
    const id = seed === null ? `${Date.now()}-${(count += 1)}` : `${answer.model}/${JSON.stringify(latent)}`;
    return {
      id,
      model: answer.model,
      latent,
      class: class_,
      seed,
      src: `data:${image.content_type};base64,${image.data}`,
    };
  });
}

/** What a person would call it. @param {Picture} picture */
export function nameOf(picture) {
  const class_ = typeof picture.class === "string" ? `${picture.class}, ` : "";
  return `${class_}${picture.seed === null ? "made" : `seed ${picture.seed}`}`;
}

/**
 * A picture's bytes.
 * @param {string} src a data: URL
 * @returns {Blob}
 */
export function blobOf(src) {
  const [head, data] = src.split(",");
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: head.slice(5).split(";")[0] });
}

/**
 * An image element of a drawn picture; small ones show their pixels.
 * @param {Picture} picture
 * @param {string} [alt]
 * @returns {HTMLImageElement}
 */
export function show(picture, alt) {
  const card = find(picture.model);
  return h("img", {
    src: picture.src,
    alt: alt ?? nameOf(picture),
    class: card && isSmall(card) ? "pixels" : null,
    draggable: "false",
  });
}

/** Saves bytes as a file. @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/**
 * A picture with no side above a limit, drawn smaller where it has to be.
 * @param {Given} given
 * @param {number} longest_px Infinity leaves every picture as it is
 * @param {AbortSignal} signal after which nobody waits for it
 * @returns {Promise<Given>} the same, where it is small enough or cannot be read here; else one that has no name
 */
export async function shrink(given, longest_px, signal) {
  const bitmap = await createImageBitmap(given.file).catch(() => null); // the service says what is wrong with it
  signal.throwIfAborted();
  if (!bitmap || Math.max(bitmap.width, bitmap.height) <= longest_px) return given;
  const scale = longest_px / Math.max(bitmap.width, bitmap.height);
  const canvas = h("canvas", {
    width: Math.max(1, Math.round(bitmap.width * scale)),
    height: Math.max(1, Math.round(bitmap.height * scale)),
  });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return { file: await bytesOf(canvas) };
}

/** @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} a PNG */
export function bytesOf(canvas) {
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(/** @type {Blob} */ (blob)), "image/png"));
}
