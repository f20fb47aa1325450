// @ts-check
/** The service's public API over fetch: a call goes out, an answer or a sentence comes back. Knows nothing of the page. */

import { key } from "./state.js";

/**
 * @typedef {object} Call what is sent, and what `snippets` writes down
 * @property {"GET"|"POST"} method
 * @property {string} path below the root, such as `v1/models`
 * @property {Record<string, string|number|boolean|null|undefined>} [query] null leaves one out
 * @property {object} [json] the body, as JSON
 * @property {Blob} [file] the body, as a picture
 * @property {string} [accept]
 */

/** Where the service lies, under whatever prefix. */
export const ROOT = new URL("..", import.meta.url);
const TRIES = 3;
const LONGEST_WAIT_S = 5;
const LOOK_MS = 1000;
/** @type {Record<number, string>} */
const ADVICE = {
  401: "put a valid key into the field “API key” at the top",
  404: "reload this page to see what is served now",
  413: "ask for less, or choose a smaller size",
  415: "choose a PNG, JPEG or WebP",
  429: "wait a little, then try again",
  500: "try again; if it stays, tell whoever runs this service",
  503: "wait a little, then try again",
  504: "ask for less, or try again when the service is less busy",
};

/** A failure, as one sentence for a person. */
export class Failure extends Error {
  /** @param {string} sentence @param {number} [status] */
  constructor(sentence, status = 0) {
    super(sentence);
    this.status = status;
  }
}

/**
 * The address of a call.
 * @param {Call} call
 */
export function address(call) {
  const url = new URL(call.path, ROOT);
  for (const [name, value] of Object.entries(call.query ?? {}))
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, String(value));
  return url;
}

/**
 * Sends a call; waits and tries again where the service asks for a short while.
 * @param {Call} call
 * @param {AbortSignal} signal
 * @returns {Promise<Response>} an answer that is a success
 * @throws {Failure}
 */
export async function send(call, signal) {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await once(call, signal);
    if (answer.ok) return answer;
    const wait_s = Number(answer.headers.get("Retry-After") ?? NaN);
    if (attempt === TRIES || !(wait_s <= LONGEST_WAIT_S)) throw await failure(answer);
    await pause(1000 * wait_s, signal);
  }
}

/**
 * Waits until the models are open.
 * @param {AbortSignal} signal
 * @param {(sentence: string) => void} tell is given why they are not yet
 */
export async function ready(signal, tell) {
  for (;;) {
    const answer = await once({ method: "GET", path: "readyz" }, signal);
    if (answer.status !== 503) return;
    const { detail } = await answer.json().catch(() => ({}));
    tell(sentence(detail ?? "the service is not ready"));
    await pause(LOOK_MS, signal);
  }
}

/** @param {Call} call @param {AbortSignal} signal @returns {Promise<any>} the answer's JSON */
export async function json(call, signal) {
  return (await send(call, signal)).json();
}

/**
 * The data of server-sent events.
 * @param {Call} call
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<{name: string, data: any}>}
 */
export async function* events(call, signal) {
  const answer = await send({ ...call, accept: "text/event-stream" }, signal);
  const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const parts = text.split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) {
      const [, name, data] = /^event: (.*)\ndata: ([^]*)$/.exec(part) ?? [];
      if (name === "error") throw new Failure(sentence(JSON.parse(data).detail, JSON.parse(data).status));
      if (name) yield { name, data: JSON.parse(data) };
    }
  }
}

/** @param {Call} call @param {AbortSignal} signal */
async function once(call, signal) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (call.accept) headers.Accept = call.accept;
  if (call.json) headers["Content-Type"] = "application/json";
  if (key()) headers["X-API-Key"] = key();
  const body = call.json ? JSON.stringify(call.json) : call.file;
  try {
    return await fetch(address(call), { method: call.method, headers, body, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Failure("The service did not answer; see whether it is running and reachable, then try again.");
  }
}

/** @param {Response} answer */
async function failure(answer) {
  const problem = await answer.json().catch(() => ({}));
  return new Failure(sentence(problem.detail ?? `The service answered ${answer.status}`, answer.status), answer.status);
}

/** @param {string} detail @param {number} [status] */
function sentence(detail, status = 0) {
  // After a semicolon the service advises programs, in the words of its API.
  const advice = ADVICE[status];
  const wrong = advice ? detail.split(";")[0] : detail;
  const said = wrong.charAt(0).toUpperCase() + wrong.slice(1).replace(/\.$/, "");
  return advice ? `${said}: ${advice}.` : `${said}.`;
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
