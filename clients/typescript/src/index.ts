export { Client } from "./client.js";
export type {
  ArithmeticOptions,
  CallOptions,
  ClientOptions,
  FileOptions,
  InterpolateOptions,
  Readable,
  SampleOptions,
  TranslateOptions,
} from "./options.js";
export * from "./errors.js";
export { Direction, direction, Latent, mean, seed, Sum, Summand, token, vector } from "./latents.js";
export type { Class } from "./latents.js";
export { File_ as File, Frame, Picture, Translation } from "./results.js";
export type { Card, Judgement, ManifestCard, Models } from "./results.js";
export type { Retries } from "./retries.js";
export type { components, paths } from "./openapi.js";
