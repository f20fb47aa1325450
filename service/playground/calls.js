// @ts-check
/** The calls of the public API as values: `api` sends them, `snippets` writes them as code. */

/** @typedef {import("./api.js").Call} Call */

/** @returns {Call} */
export const models = () => ({ method: "GET", path: "v1/models" });

/**
 * @param {string} model
 * @param {{seed: number|string, n: number, class?: string|null, truncation?: number, columns?: number|null}} options
 * @returns {Call}
 */
export function sample(model, { seed, n, class: class_, truncation, columns }) {
  return {
    method: "GET",
    path: `v1/models/${model}/sample`,
    query: { seed, n, class: class_, truncation: truncation === 1 ? null : truncation, columns },
  };
}

/** @param {import("./state.js").GeneratedImage} image @returns {Call} generates the same image again */
export const regenerate = (image) => post(image.model, "sample", { latents: [image.latent] });

/** @param {string} model @param {any[]} keyframes @param {object} options @returns {Call} */
export function interpolate(model, keyframes, options) {
  const path = keyframes.length === 2 ? { from: keyframes[0], to: keyframes[1] } : { keyframes };
  return post(model, "interpolate", { ...path, ...withoutNulls(options) });
}

/** @param {string} model @param {object} options @returns {Call} */
export const arithmetic = (model, options) => post(model, "arithmetic", withoutNulls(options));

/** @param {string} model @param {Blob} file @param {Record<string, any>} [query] @returns {Call} */
export const translate = (model, file, query = {}) => upload(model, "translate", file, query);

/** @param {string} model @param {Blob} file @param {string|null} class_ @returns {Call} */
export const discriminate = (model, file, class_) => upload(model, "discriminate", file, { class: class_ });

/** @param {string} model @param {Blob} file @returns {Call} */
export const encode = (model, file) => upload(model, "encode", file, {});

/**
 * The same call with a response in another format.
 * @param {Call} call
 * @param {string} format
 * @returns {Call}
 */
export const as = (call, format) => ({ ...call, query: { ...call.query, format } });

/** @param {string} model @param {string} route @param {object} json @returns {Call} */
function post(model, route, json) {
  return { method: "POST", path: `v1/models/${model}/${route}`, json };
}

/** @param {string} model @param {string} route @param {Blob} file @param {Record<string, any>} query @returns {Call} */
function upload(model, route, file, query) {
  return { method: "POST", path: `v1/models/${model}/${route}`, file, query };
}

/** @param {Record<string, any>} options */
function withoutNulls(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null && value !== undefined));
}
