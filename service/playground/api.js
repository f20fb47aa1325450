// @ts-check
/** The service's public API over fetch. A call returns its response or throws one sentence. Contains no elements. */

import { key } from "./state.js";

/**
 * @typedef {object} Call a request, as `send` sends it and `snippets` writes it
 * @property {"GET"|"POST"} method
 * @property {string} path below the root, such as `v1/models`
 * @property {Record<string, string|number|boolean|null|undefined>} [query] parameters that are null are left out
 * @property {object} [json] the body, as JSON
 * @property {Blob} [file] the body, as an image
 * @property {string} [accept]
 */

/** The root of the service, including any path prefix. */
export const ROOT = new URL("..", import.meta.url);
const MAX_ATTEMPTS = 3;
const MAX_RETRY_WAIT_S = 5;
const POLL_MS = 1000;
/** @type {Record<number, string>} */
const ADVICE = {
  401: "enter a valid key in the field “API key” at the top",
  404: "reload this page to see which models are served now",
  413: "request less, or choose a smaller size",
  415: "choose a PNG, JPEG or WebP",
  429: "wait a little, then try again",
  500: "try again; if it happens again, contact the operator of this service",
  503: "wait a little, then try again",
  504: "request less, or try again when the service is less busy",
};

/** A failure, as one sentence for the user. */
export class Failure extends Error {
  /** @param {string} sentence @param {number} [status] */
  constructor(sentence, status = 0) {
    super(sentence);
    this.status = status;
  }
}

/**
 * The URL of a call.
 * @param {Call} call
 */
export function urlOf(call) {
  const url = new URL(call.path, ROOT);
  for (const [name, value] of Object.entries(call.query ?? {}))
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, String(value));
  return url;
}

/**
 * Sends a call. Retries it if the service responds with a short `Retry-After`.
 * @param {Call} call
 * @param {AbortSignal} signal
 * @returns {Promise<Response>} a successful response
 * @throws {Failure}
 */
export async function send(call, signal) {
  for (let attempt = 1; ; attempt += 1) {
    const response = await sendOnce(call, signal);
    if (response.ok) return response;
    const wait_s = Number(response.headers.get("Retry-After") ?? NaN);
    if (attempt === MAX_ATTEMPTS || !(wait_s <= MAX_RETRY_WAIT_S)) throw await failureOf(response);
    await pause(1000 * wait_s, signal);
  }
}

/**
 * Waits until the service has loaded its models.
 * @param {AbortSignal} signal
 * @param {(sentence: string) => void} onWaiting receives the reason for waiting
 */
export async function ready(signal, onWaiting) {
  for (;;) {
    const response = await sendOnce({ method: "GET", path: "readyz" }, signal);
    if (response.status !== 503) return;
    const { detail } = await response.json().catch(() => ({}));
    onWaiting(sentenceOf(detail ?? "the service is not ready"));
    await pause(POLL_MS, signal);
  }
}

/** @param {Call} call @param {AbortSignal} signal @returns {Promise<any>} the JSON of the response */
export async function json(call, signal) {
  return (await send(call, signal)).json();
}

/**
 * The server-sent events of a response.
 * @param {Call} call
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<{name: string, data: any}>}
 */
export async function* events(call, signal) {
  const response = await send({ ...call, accept: "text/event-stream" }, signal);
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const [, name, data] = /^event: (.*)\ndata: ([^]*)$/.exec(block) ?? [];
      if (name === "error") throw new Failure(sentenceOf(JSON.parse(data).detail, JSON.parse(data).status));
      if (name) yield { name, data: JSON.parse(data) };
    }
  }
}

/** @param {Call} call @param {AbortSignal} signal */
async function sendOnce(call, signal) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (call.accept) headers.Accept = call.accept;
  if (call.json) headers["Content-Type"] = "application/json";
  if (key()) headers["X-API-Key"] = key();
  const body = call.json ? JSON.stringify(call.json) : call.file;
  try {
    return await fetch(urlOf(call), { method: call.method, headers, body, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Failure("The service did not respond; check that it is running and reachable, then try again.");
  }
}

/** @param {Response} response */
async function failureOf(response) {
  const { status } = response;
  const problem = await response.json().catch(() => ({}));
  return new Failure(sentenceOf(problem.detail ?? `The service responded with status ${status}`, status), status);
}

/** @param {string} detail @param {number} [status] */
function sentenceOf(detail, status = 0) {
  // The service's advice follows a semicolon. It names API parameters, so the page replaces it with its own advice.
  const advice = ADVICE[status];
  const problem = advice ? detail.split(";")[0] : detail;
  const capitalized = problem.charAt(0).toUpperCase() + problem.slice(1).replace(/\.$/, "");
  return advice ? `${capitalized}: ${advice}.` : `${capitalized}.`;
}

/** @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}
