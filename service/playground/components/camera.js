// @ts-check
/** The camera: shows what it sees inside an element until a picture is taken, or not. */

import { button, h } from "../dom.js";
import { bytesOf } from "../images.js";

/**
 * @param {HTMLElement} place where it is shown
 * @param {AbortSignal} life after which the camera is off
 * @returns {Promise<Blob|null>} a PNG; null where it was closed, or left before it was allowed
 */
export async function photograph(place, life) {
  if (!navigator.mediaDevices)
    throw new Error("Browsers lend the camera only to HTTPS and localhost: open this page that way, or choose a file.");
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } }).catch(() => {
    throw new Error("No camera could be used: allow it in the browser, or choose a file.");
  });
  const off = () => stream.getTracks().forEach((track) => track.stop());
  if (life.aborted) {
    off();
    return null;
  }
  const video = h("video", { srcObject: stream, muted: true, playsinline: true, "aria-label": "What the camera sees" });
  const panel = h("div", { class: "camera" }, video);
  return new Promise((resolve) => {
    /** @param {Blob|null} blob */
    const end = (blob) => {
      off();
      panel.remove();
      resolve(blob);
    };
    const take = button("Take the picture", async () => end(await still(video)), { disabled: true });
    video.addEventListener("loadeddata", () => {
      take.disabled = false;
      take.focus();
    });
    panel.append(
      h(
        "div",
        { class: "row" },
        take,
        button("Close the camera", () => end(null), { class: "quiet" }),
      ),
    );
    life.addEventListener("abort", () => end(null), { once: true });
    place.append(panel);
    video.play().catch(() => {}); // it was closed before it began
  });
}

/** @param {HTMLVideoElement} video */
function still(video) {
  const canvas = h("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  return bytesOf(canvas);
}
