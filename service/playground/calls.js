// @ts-check
/** The calls of the public API as values, which `api` sends and `snippets` writes down. */

/** @typedef {import("./api.js").Call} Call */

/** @returns {Call} */
export const models = () => ({ method: "GET", path: "v1/models" });

/**
 * @param {string} model
 * @param {{seed: number|string, n: number, class?: string|null, truncation?: number, columns?: number|null}} what
 * @returns {Call}
 */
export function sample(model, { seed, n, class: class_, truncation, columns }) {
  return {
    method: "GET",
    path: `v1/models/${model}/sample`,
    query: { seed, n, class: class_, truncation: truncation === 1 ? null : truncation, columns },
  };
}

/** @param {import("./state.js").Picture} picture @returns {Call} what draws it again */
export const draw = (picture) => post(picture.model, "sample", { latents: [picture.latent] });

/** @param {string} model @param {any[]} keyframes @param {object} what @returns {Call} */
export function walk(model, keyframes, what) {
  const ends = keyframes.length === 2 ? { from: keyframes[0], to: keyframes[1] } : { keyframes };
  return post(model, "interpolate", { ...ends, ...given(what) });
}

/** @param {string} model @param {object} what @returns {Call} */
export const arithmetic = (model, what) => post(model, "arithmetic", given(what));

/** @param {string} model @param {Blob} file @param {Record<string, any>} [query] @returns {Call} */
export const translate = (model, file, query = {}) => look(model, "translate", file, query);

/** @param {string} model @param {Blob} file @param {string|null} class_ @returns {Call} */
export const discriminate = (model, file, class_) => look(model, "discriminate", file, { class: class_ });

/** @param {string} model @param {Blob} file @returns {Call} */
export const encode = (model, file) => look(model, "encode", file, {});

/**
 * The same call, answered in another format.
 * @param {Call} call
 * @param {string} format
 * @returns {Call}
 */
export const as = (call, format) => ({ ...call, query: { ...call.query, format } });

/** @param {string} model @param {string} what @param {object} json @returns {Call} */
function post(model, what, json) {
  return { method: "POST", path: `v1/models/${model}/${what}`, json };
}

/** @param {string} model @param {string} what @param {Blob} file @param {Record<string, any>} query @returns {Call} */
function look(model, what, file, query) {
  return { method: "POST", path: `v1/models/${model}/${what}`, file, query };
}

/** @param {Record<string, any>} what without what is null */
function given(what) {
  return Object.fromEntries(Object.entries(what).filter(([, value]) => value !== null && value !== undefined));
}
