// @ts-check
/** The camera: a live view until the user takes a photo or closes it. */

import { button, h } from "../dom.js";
import { toPng } from "../images.js";

/**
 * @param {HTMLElement} parent of the live view
 * @param {AbortSignal} viewSignal switches the camera off
 * @returns {Promise<Blob|null>} a PNG; null if the camera was closed, or the view was left before access was granted
 */
export async function takePhoto(parent, viewSignal) {
  if (!navigator.mediaDevices)
    throw new Error("Camera access needs HTTPS or localhost: open this page that way, or choose a file.");
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } }).catch(() => {
    throw new Error("No camera is available: allow access in the browser, or choose a file.");
  });
  const stop = () => stream.getTracks().forEach((track) => track.stop());
  if (viewSignal.aborted) {
    stop();
    return null;
  }
  const video = h("video", { srcObject: stream, muted: true, playsinline: true, "aria-label": "Live camera view" });
  const panel = h("div", { class: "camera" }, video);
  return new Promise((resolve) => {
    /** @param {Blob|null} blob */
    const finish = (blob) => {
      stop();
      panel.remove();
      resolve(blob);
    };
    const shutter = button("Take photo", async () => finish(await frameOf(video)), { disabled: true });
    video.addEventListener("loadeddata", () => {
      shutter.disabled = false;
      shutter.focus();
    });
    panel.append(
      h(
        "div",
        { class: "row" },
        shutter,
        button("Close camera", () => finish(null), { class: "quiet" }),
      ),
    );
    viewSignal.addEventListener("abort", () => finish(null), { once: true });
    parent.append(panel);
    video.play().catch(() => {}); // the camera was closed before it started
  });
}

/** @param {HTMLVideoElement} video */
function frameOf(video) {
  const canvas = h("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  return toPng(canvas);
}
