// The paths, queries and bodies of requests.
import { classJson, type Latent, type LatentJson, type Summand } from "./latents.js";
import type { components } from "./openapi.js";
import type { ArithmeticOptions, InterpolateOptions, Readable, SampleOptions, TranslateOptions } from "./options.js";

type Schemas = components["schemas"];

export function path(model: string): string {
  return `/v1/models/${encodeURIComponent(model).replaceAll("%40", "@")}`;
}

export function json(body: object, accept = "application/json"): RequestInit {
  return {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", Accept: accept },
  };
}

export function sampleBody({ n, seeds, latents, truncation, class: class_ }: SampleOptions): Schemas["SampleRequest"] {
  const sources = { n, seeds: seeds && [...seeds], latents: latents && jsons(latents), truncation };
  return { ...withoutUndefined(sources), ...classJson(class_) };
}

export function interpolateBody(
  keyframes: readonly Latent[],
  { steps, method, loop, class: class_ }: InterpolateOptions,
): Schemas["InterpolateRequest"] {
  return { keyframes: jsons(keyframes), ...withoutUndefined({ steps, method, loop }), ...classJson(class_) };
}

export function arithmeticBody(
  expression: Summand,
  { variations, jitter, seed, class: class_ }: ArithmeticOptions,
): Schemas["ArithmeticRequest"] {
  return { ...expression.sum().toJSON(), ...withoutUndefined({ variations, jitter, seed }), ...classJson(class_) };
}

export function translateQuery({ fit = "pad", cycle = false }: TranslateOptions): string {
  return `fit=${fit}&cycle=${cycle}`;
}

function jsons(latents: readonly Latent[]): LatentJson[] {
  return latents.map((latent) => latent.toJSON());
}

/** The fields whose values are defined. */
export function withoutUndefined<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

export function raw(image: Readable): Blob {
  return image instanceof Blob ? image : new Blob([image]);
}
