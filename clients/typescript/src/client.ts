// The client: one method per call of the service.
import { BrokenAnswer, ConnectionFailed, problemError, TimedOut } from "./errors.js";
import { events } from "./events.js";
import { classJson, Latent, type Class, type LatentJson, type Summand } from "./latents.js";
import type { components, paths } from "./openapi.js";
import { blobOf, File_, Frame, imagesOf, Translation } from "./results.js";
import type { Judgement, ManifestCard, Models, Picture } from "./results.js";
import { sleep, waitMs, type Retries } from "./retries.js";

type Schemas = components["schemas"];
type Format<Path extends keyof paths> = paths[Path] extends { post: { parameters: { query?: { format?: infer F } } } }
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

export class Client {
  readonly #url: string;
  readonly #options: ClientOptions;

  /** @param url base URL of the service, including the path prefix of a proxy. */
  constructor(url = "http://localhost:8000", options: ClientOptions = {}) {
    this.#url = url.replace(/\/+$/, "");
    this.#options = options;
  }

  /** Lists the served model versions and the packages that were skipped. */
  async models(options: CallOptions = {}): Promise<Models> {
    return this.#json<Models>("/v1/models", {}, options);
  }

  /** Returns the card of a model, with its manifest. */
  async model(model: string, options: CallOptions = {}): Promise<ManifestCard> {
    return this.#json<ManifestCard>(path(model), {}, options);
  }

  /** Returns the preview image of a model. */
  async preview(model: string, options: CallOptions = {}): Promise<File_> {
    return this.#file(`${path(model)}/preview`, {}, options);
  }

  /** Whether the service responds and has loaded its models. */
  async isReady(options: CallOptions = {}): Promise<boolean> {
    const response = await this.#fetch(`${this.#url}/readyz`, { signal: options.signal ?? null }).catch(() => undefined);
    await response?.body?.cancel();
    return response?.status === 200;
  }

  /** Generates images from random seeds, given seeds or latents; one image by default. */
  async sample(model: string, options: SampleOptions = {}): Promise<Picture[]> {
    return this.#images(`${path(model)}/sample`, sampleBody(options), options);
  }

  /** Generates images as one file: a grid, a zip, JSON or npy. */
  async sampleFile(
    model: string,
    options: SampleOptions & FileOptions<Format<"/v1/models/{model}/sample">> = {},
  ): Promise<File_> {
    return this.#fileOf(`${path(model)}/sample`, sampleBody(options), options, "png");
  }

  /** Generates the frames of an interpolation between latents. */
  async interpolate(model: string, keyframes: readonly Latent[], options: InterpolateOptions = {}): Promise<Picture[]> {
    return this.#images(`${path(model)}/interpolate`, interpolateBody(keyframes, options), options);
  }

  /** Generates an interpolation as one file: an animation (gif, apng, webp) or a strip (png, jpeg). */
  async interpolateFile(
    model: string,
    keyframes: readonly Latent[],
    options: InterpolateOptions & FileOptions<Format<"/v1/models/{model}/interpolate">> & { readonly fps?: number } = {},
  ): Promise<File_> {
    const body = { ...interpolateBody(keyframes, options), ...withoutUndefined({ fps: options.fps }) };
    return this.#fileOf(`${path(model)}/interpolate`, body, options, "gif");
  }

  /** Generates the frames of an interpolation and yields each as soon as it arrives. Leaving the loop ends the request. */
  async *stream(
    model: string,
    keyframes: readonly Latent[],
    options: InterpolateOptions = {},
  ): AsyncGenerator<Frame, void, undefined> {
    const request = json(interpolateBody(keyframes, options), "text/event-stream");
    const response = await this.#send(`${path(model)}/interpolate`, request, options, (whole) => Promise.resolve(whole));
    if (response.body === null) throw new BrokenAnswer("the stream has no body");
    const name = response.headers.get("x-model") ?? "";
    try {
      for await (const { event, data } of events(response.body)) {
        if (event === "done") return;
        const fields = JSON.parse(data);
        if (event === "error") throw problemError(fields, fields.status);
        if (event === "frame") yield new Frame(blobOf(fields.data, fields.content_type), name, fields.index, fields.of);
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      throw error instanceof TypeError ? new ConnectionFailed("the stream was interrupted", { cause: error }) : error;
    }
    throw new ConnectionFailed("the stream ended before the last frame");
  }

  /** Generates the image of a sum of latents, such as `mean(seed(1), seed(2)).minus(seed(3)).plus(direction("smile").times(2))`. */
  async arithmetic(model: string, expression: Summand, options: ArithmeticOptions = {}): Promise<Picture[]> {
    return this.#images(`${path(model)}/arithmetic`, arithmeticBody(expression, options), options);
  }

  /** Generates the image of a sum of latents, and its variations, as one file. */
  async arithmeticFile(
    model: string,
    expression: Summand,
    options: ArithmeticOptions & FileOptions<Format<"/v1/models/{model}/arithmetic">> = {},
  ): Promise<File_> {
    return this.#fileOf(`${path(model)}/arithmetic`, arithmeticBody(expression, options), options, "png");
  }

  /** Translates an image from one domain to another. */
  async translate(model: string, image: Readable, options: TranslateOptions = {}): Promise<Translation> {
    const request = { method: "POST", body: raw(image), headers: { Accept: "image/png" } };
    return this.#send(`${path(model)}/translate?${translateQuery(options)}`, request, options, async (response) => {
      const [error = null] = cycleErrors(response);
      return new Translation(await response.blob(), response.headers.get("x-model") ?? "", error);
    });
  }

  /** Translates several images in one request. */
  async translateAll(model: string, images: readonly Readable[], options: TranslateOptions = {}): Promise<Translation[]> {
    const form = new FormData();
    for (const image of images) form.append("image", raw(image));
    const request = { method: "POST", body: form, headers: { Accept: "application/json" } };
    return this.#send(`${path(model)}/translate?${translateQuery(options)}`, request, options, async (response) => {
      const errors = cycleErrors(response);
      const translated = imagesOf(await response.json());
      return translated.map((image, index) => new Translation(image.blob, image.model, errors[index] ?? null));
    });
  }

  /** Rates how real an image looks to the model's discriminator. */
  async discriminate(
    model: string,
    image: Readable,
    options: CallOptions & { readonly class?: number | string } = {},
  ): Promise<Judgement> {
    const query = options.class === undefined ? "" : `?class=${encodeURIComponent(options.class)}`;
    return this.#json<Judgement>(`${path(model)}/discriminate${query}`, { method: "POST", body: raw(image) }, options);
  }

  /** Predicts the latent of an image; the model needs an encoder. */
  async encode(model: string, image: Readable, options: CallOptions = {}): Promise<Latent> {
    const request = { method: "POST", body: raw(image) };
    return new Latent((await this.#json<Schemas["Encoding"]>(`${path(model)}/encode`, request, options)).latent);
  }

  /** Generates a file of the service again, from its metadata. */
  async reproduce(
    file: Readable,
    options: CallOptions & { readonly format?: Format<"/v1/reproduce"> } = {},
  ): Promise<File_> {
    const query = options.format === undefined ? "" : `?format=${options.format}`;
    return this.#file(`/v1/reproduce${query}`, { method: "POST", body: raw(file) }, options);
  }

  async #images(path_: string, body: object, options: CallOptions): Promise<Picture[]> {
    return imagesOf(await this.#json<Schemas["Images"]>(path_, json(body), options));
  }

  async #fileOf<F extends string>(
    path_: string,
    body: object,
    options: CallOptions & FileOptions<F>,
    defaultFormat: string,
  ): Promise<File_> {
    const shaped = { ...body, ...withoutUndefined({ columns: options.columns }) };
    return this.#file(`${path_}?format=${options.format ?? defaultFormat}`, json(shaped, "*/*"), options);
  }

  async #file(path_: string, request: RequestInit, options: CallOptions): Promise<File_> {
    return this.#send(path_, request, options, async (response) => {
      const seeds = (response.headers.get("x-seed") ?? "").split(",").filter(Boolean).map(Number);
      return new File_(await response.blob(), response.headers.get("x-model") ?? "", seeds);
    });
  }

  async #json<T>(path_: string, request: RequestInit, options: CallOptions): Promise<T> {
    return this.#send(path_, request, options, async (response) => (await response.json()) as T);
  }

  /** Sends a request, with retries, and reads the successful response. */
  async #send<T>(
    path_: string,
    request: RequestInit,
    { signal }: CallOptions,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    for (let retried = 0; ; retried++) {
      const timer = new AbortController();
      const timeout = setTimeout(() => timer.abort(), this.#options.timeoutMs ?? 60_000);
      try {
        const both = signal === undefined ? timer.signal : AbortSignal.any([signal, timer.signal]);
        const response = await this.#fetch(this.#url + path_, { ...this.#withKey(request), signal: both });
        if (response.ok) return await read(response);
        const document: unknown = await response.json().catch(() => undefined);
        const wait = waitMs(this.#options.retries ?? {}, retried, response);
        if (wait === undefined) throw problemError(document, response.status, response.headers.get("x-request-id"));
        clearTimeout(timeout);
        await sleep(wait, signal);
      } catch (error) {
        throw this.#errorOf(error, signal, timer.signal);
      } finally {
        clearTimeout(timeout);
      }
    }
  }

  #errorOf(error: unknown, signal: AbortSignal | undefined, timer: AbortSignal): unknown {
    if (signal?.aborted) return signal.reason;
    if (timer.aborted) return new TimedOut(`no response in time from ${this.#url}`, { cause: error });
    if (error instanceof SyntaxError) return new BrokenAnswer("the response is not JSON; is this a Ganvas service?", { cause: error });
    // fetch rejects with a TypeError if there is no connection.
    return error instanceof TypeError ? new ConnectionFailed(`${this.#url} cannot be reached`, { cause: error }) : error;
  }

  #withKey(request: RequestInit): RequestInit {
    const key = this.#options.apiKey;
    return key === undefined ? request : { ...request, headers: { ...request.headers, Authorization: `Bearer ${key}` } };
  }

  get #fetch(): typeof fetch {
    return this.#options.fetch ?? globalThis.fetch.bind(globalThis);
  }
}

function path(model: string): string {
  return `/v1/models/${encodeURIComponent(model).replaceAll("%40", "@")}`;
}

function json(body: object, accept = "application/json"): RequestInit {
  return {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", Accept: accept },
  };
}

function sampleBody({ n, seeds, latents, truncation, class: class_ }: SampleOptions): Schemas["SampleRequest"] {
  const sources = { n, seeds: seeds && [...seeds], latents: latents && jsons(latents), truncation };
  return { ...withoutUndefined(sources), ...classJson(class_) };
}

function interpolateBody(
  keyframes: readonly Latent[],
  { steps, method, loop, class: class_ }: InterpolateOptions,
): Schemas["InterpolateRequest"] {
  return { keyframes: jsons(keyframes), ...withoutUndefined({ steps, method, loop }), ...classJson(class_) };
}

function arithmeticBody(
  expression: Summand,
  { variations, jitter, seed, class: class_ }: ArithmeticOptions,
): Schemas["ArithmeticRequest"] {
  return { ...expression.sum().toJSON(), ...withoutUndefined({ variations, jitter, seed }), ...classJson(class_) };
}

function translateQuery({ fit = "pad", cycle = false }: TranslateOptions): string {
  return `fit=${fit}&cycle=${cycle}`;
}

function jsons(latents: readonly Latent[]): LatentJson[] {
  return latents.map((latent) => latent.toJSON());
}

/** The fields whose values are defined. */
function withoutUndefined<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

function raw(image: Readable): Blob {
  return image instanceof Blob ? image : new Blob([image]);
}

function cycleErrors(response: Response): number[] {
  return (response.headers.get("x-cycle-error") ?? "").split(",").filter(Boolean).map(Number);
}
