// The options of the client and of its calls.
import type { Class, Latent } from "./latents.js";
import type { paths } from "./openapi.js";
import type { Retries } from "./retries.js";

/** The formats of a path's response. */
export type Format<Path extends keyof paths> = paths[Path] extends {
  post: { parameters: { query?: { format?: infer F } } };
}
  ? NonNullable<F>
  : never;

/** An image to upload: a file or its bytes. */
export type Readable = Blob | ArrayBuffer | Uint8Array<ArrayBuffer>;
/** Options of all calls. */
export interface CallOptions {
  /** Aborts the call. */
  readonly signal?: AbortSignal;
}
export interface ClientOptions {
  /** Sent as a bearer token. */
  readonly apiKey?: string;
  /** Limit for a whole response, or for the start of a stream, in ms. Default: 60,000. */
  readonly timeoutMs?: number;
  /** Policy for responses with status 429 or 503. */
  readonly retries?: Retries;
  /** Replaces `fetch` in tests. */
  readonly fetch?: typeof fetch;
}
export interface SampleOptions extends CallOptions {
  /** Number of random seeds; give at most one of n, seeds and latents. */
  readonly n?: number;
  readonly seeds?: readonly number[];
  readonly latents?: readonly Latent[];
  readonly class?: Class;
  readonly truncation?: number;
}
export interface InterpolateOptions extends CallOptions {
  /** Frames per segment, including both ends. Default: 8. */
  readonly steps?: number;
  readonly method?: "slerp" | "lerp";
  /** Returns to the first keyframe. */
  readonly loop?: boolean;
  readonly class?: Class;
}
export interface ArithmeticOptions extends CallOptions {
  /** Number of variations that follow the result. */
  readonly variations?: number;
  readonly jitter?: number;
  readonly seed?: number;
  readonly class?: Class;
}
export interface FileOptions<F> {
  readonly format?: F;
  /** Columns of the grid. */
  readonly columns?: number;
}
export interface TranslateOptions extends CallOptions {
  /** `pad` keeps the size; `resize` translates at the model's training resolution. */
  readonly fit?: "pad" | "resize";
  /** Whether to also translate back, which gives `cycleError`. */
  readonly cycle?: boolean;
}
