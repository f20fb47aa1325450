// The client: one method a call of the service.
import { BrokenAnswer, ConnectionFailed, problemError, TimedOut } from "./errors.js";
import { events } from "./events.js";
import { classJson, Latent, type Class, type LatentJson, type Summand } from "./latents.js";
import type { components, paths } from "./openapi.js";
import { blobOf, File_, Frame, pictures, Translation } from "./results.js";
import type { Judgement, ManifestCard, Models, Picture } from "./results.js";
import { sleep, waitMs, type Retries } from "./retries.js";

type Schemas = components["schemas"];
type Format<Path extends keyof paths> = paths[Path] extends { post: { parameters: { query?: { format?: infer F } } } }
  ? NonNullable<F>
  : never;

/** What a picture may be sent as: a file, or its bytes. */
export type Readable = Blob | ArrayBuffer | Uint8Array<ArrayBuffer>;
/** Every call can be given up. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}
export interface ClientOptions {
  /** Where the service wants one. */
  readonly apiKey?: string;
  /** For a whole answer, or for the beginning of a stream; in ms. Default: 60,000. */
  readonly timeoutMs?: number;
  /** After 429 and 503. */
  readonly retries?: Retries;
  /** Another `fetch`, for tests. */
  readonly fetch?: typeof fetch;
}
export interface SampleOptions extends CallOptions {
  /** So many fresh seeds; at most one of n, seeds and latents. */
  readonly n?: number;
  readonly seeds?: readonly number[];
  readonly latents?: readonly Latent[];
  readonly class?: Class;
  readonly truncation?: number;
}
export interface WalkOptions extends CallOptions {
  /** Frames of one segment, both ends included. Default: 8. */
  readonly steps?: number;
  readonly method?: "slerp" | "lerp";
  /** Adds the way back to the first keyframe. */
  readonly loop?: boolean;
  readonly class?: Class;
}
export interface ArithmeticOptions extends CallOptions {
  /** So many pictures around the result follow it. */
  readonly variations?: number;
  readonly jitter?: number;
  readonly seed?: number;
  readonly class?: Class;
}
export interface FileOptions<F> {
  readonly format?: F;
  /** Of a grid. */
  readonly columns?: number;
}
export interface TranslateOptions extends CallOptions {
  /** `pad` keeps every pixel; `resize` goes by the size that the model was trained at. */
  readonly fit?: "pad" | "resize";
  /** Whether to translate back too, for `cycleError`. */
  readonly cycle?: boolean;
}

export class Client {
  readonly #url: string;
  readonly #options: ClientOptions;

  /** @param url of the service, with the prefix that a proxy takes away, if any. */
  constructor(url = "http://localhost:8000", options: ClientOptions = {}) {
    this.#url = url.replace(/\/+$/, "");
    this.#options = options;
  }

  /** Every served version, and every package that was skipped. */
  async models(options: CallOptions = {}): Promise<Models> {
    return this.#json<Models>("/v1/models", {}, options);
  }

  /** One model's card, with its manifest. */
  async model(model: string, options: CallOptions = {}): Promise<ManifestCard> {
    return this.#json<ManifestCard>(path(model), {}, options);
  }

  /** A model's preview picture. */
  async preview(model: string, options: CallOptions = {}): Promise<File_> {
    return this.#file(`${path(model)}/preview`, {}, options);
  }

  /** Whether the service answers, and its models are served. */
  async isReady(options: CallOptions = {}): Promise<boolean> {
    const answer = await this.#fetch(`${this.#url}/readyz`, { signal: options.signal ?? null }).catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.status === 200;
  }

  /** Draws fresh pictures, or those of seeds, or of latents; by default one. */
  async sample(model: string, options: SampleOptions = {}): Promise<Picture[]> {
    return this.#pictures(`${path(model)}/sample`, sampleBody(options), options);
  }

  /** The same as one file: a grid, or a zip, JSON or npy. */
  async sampleFile(
    model: string,
    options: SampleOptions & FileOptions<Format<"/v1/models/{model}/sample">> = {},
  ): Promise<File_> {
    return this.#fileOf(`${path(model)}/sample`, sampleBody(options), options, "png");
  }

  /** The frames of a walk from latent to latent. */
  async interpolate(model: string, keyframes: readonly Latent[], options: WalkOptions = {}): Promise<Picture[]> {
    return this.#pictures(`${path(model)}/interpolate`, walkBody(keyframes, options), options);
  }

  /** A walk as one file: gif, apng and webp move, png and jpeg are a strip. */
  async interpolateFile(
    model: string,
    keyframes: readonly Latent[],
    options: WalkOptions & FileOptions<Format<"/v1/models/{model}/interpolate">> & { readonly fps?: number } = {},
  ): Promise<File_> {
    const body = { ...walkBody(keyframes, options), ...given({ fps: options.fps }) };
    return this.#fileOf(`${path(model)}/interpolate`, body, options, "gif");
  }

  /** The frames of a walk, each as soon as it is drawn. Leaving the loop ends the request. */
  async *stream(
    model: string,
    keyframes: readonly Latent[],
    options: WalkOptions = {},
  ): AsyncGenerator<Frame, void, undefined> {
    const request = json(walkBody(keyframes, options), "text/event-stream");
    const answer = await this.#answered(`${path(model)}/interpolate`, request, options, (whole) => Promise.resolve(whole));
    if (answer.body === null) throw new BrokenAnswer("a stream came without a body");
    const name = answer.headers.get("x-model") ?? "";
    try {
      for await (const { event, data } of events(answer.body)) {
        if (event === "done") return;
        const fields = JSON.parse(data);
        if (event === "error") throw problemError(fields, fields.status);
        if (event === "frame") yield new Frame(blobOf(fields.data, fields.content_type), name, fields.index, fields.of);
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      throw error instanceof TypeError ? new ConnectionFailed("the frames broke off", { cause: error }) : error;
    }
    throw new ConnectionFailed("the frames broke off before the last one");
  }

  /** Draws a sum such as `mean(seed(1), seed(2)).minus(seed(3)).plus(direction("smile").times(2))`. */
  async arithmetic(model: string, expression: Summand, options: ArithmeticOptions = {}): Promise<Picture[]> {
    return this.#pictures(`${path(model)}/arithmetic`, arithmeticBody(expression, options), options);
  }

  /** The same as one file. */
  async arithmeticFile(
    model: string,
    expression: Summand,
    options: ArithmeticOptions & FileOptions<Format<"/v1/models/{model}/arithmetic">> = {},
  ): Promise<File_> {
    return this.#fileOf(`${path(model)}/arithmetic`, arithmeticBody(expression, options), options, "png");
  }

  /** Turns a picture of one domain into another. */
  async translate(model: string, picture: Readable, options: TranslateOptions = {}): Promise<Translation> {
    const request = { method: "POST", body: raw(picture), headers: { Accept: "image/png" } };
    return this.#answered(`${path(model)}/translate?${translateQuery(options)}`, request, options, async (answer) => {
      const [error = null] = cycleErrors(answer);
      return new Translation(await answer.blob(), answer.headers.get("x-model") ?? "", error);
    });
  }

  /** Several pictures in one request. */
  async translateAll(model: string, given: readonly Readable[], options: TranslateOptions = {}): Promise<Translation[]> {
    const form = new FormData();
    for (const picture of given) form.append("image", raw(picture));
    const request = { method: "POST", body: form, headers: { Accept: "application/json" } };
    return this.#answered(`${path(model)}/translate?${translateQuery(options)}`, request, options, async (answer) => {
      const errors = cycleErrors(answer);
      const found = pictures(await answer.json());
      return found.map((picture, index) => new Translation(picture.blob, picture.model, errors[index] ?? null));
    });
  }

  /** How real the discriminator finds a picture. */
  async discriminate(
    model: string,
    picture: Readable,
    options: CallOptions & { readonly class?: number | string } = {},
  ): Promise<Judgement> {
    const query = options.class === undefined ? "" : `?class=${encodeURIComponent(options.class)}`;
    return this.#json<Judgement>(`${path(model)}/discriminate${query}`, { method: "POST", body: raw(picture) }, options);
  }

  /** The latent that draws a picture like this one, where the model has an encoder. */
  async encode(model: string, picture: Readable, options: CallOptions = {}): Promise<Latent> {
    const request = { method: "POST", body: raw(picture) };
    return new Latent((await this.#json<Schemas["Encoding"]>(`${path(model)}/encode`, request, options)).latent);
  }

  /** Draws a file of the service again, from its metadata. */
  async reproduce(
    made: Readable,
    options: CallOptions & { readonly format?: Format<"/v1/reproduce"> } = {},
  ): Promise<File_> {
    const query = options.format === undefined ? "" : `?format=${options.format}`;
    return this.#file(`/v1/reproduce${query}`, { method: "POST", body: raw(made) }, options);
  }

  async #pictures(where: string, body: object, options: CallOptions): Promise<Picture[]> {
    return pictures(await this.#json<Schemas["Pictures"]>(where, json(body), options));
  }

  async #fileOf<F extends string>(
    where: string,
    body: object,
    options: CallOptions & FileOptions<F>,
    form: string,
  ): Promise<File_> {
    const shaped = { ...body, ...given({ columns: options.columns }) };
    return this.#file(`${where}?format=${options.format ?? form}`, json(shaped, "*/*"), options);
  }

  async #file(where: string, request: RequestInit, options: CallOptions): Promise<File_> {
    return this.#answered(where, request, options, async (answer) => {
      const seeds = (answer.headers.get("x-seed") ?? "").split(",").filter(Boolean).map(Number);
      return new File_(await answer.blob(), answer.headers.get("x-model") ?? "", seeds);
    });
  }

  async #json<T>(where: string, request: RequestInit, options: CallOptions): Promise<T> {
    return this.#answered(where, request, options, async (answer) => (await answer.json()) as T);
  }

  /** What is read of a good answer, after as many tries as it takes. */
  async #answered<T>(
    where: string,
    request: RequestInit,
    { signal }: CallOptions,
    read: (answer: Response) => Promise<T>,
  ): Promise<T> {
    for (let tried = 0; ; tried++) {
      const timer = new AbortController();
      const late = setTimeout(() => timer.abort(), this.#options.timeoutMs ?? 60_000);
      try {
        const both = signal === undefined ? timer.signal : AbortSignal.any([signal, timer.signal]);
        const answer = await this.#fetch(this.#url + where, { ...this.#withKey(request), signal: both });
        if (answer.ok) return await read(answer);
        const document: unknown = await answer.json().catch(() => undefined);
        const wait = waitMs(this.#options.retries ?? {}, tried, answer);
        if (wait === undefined) throw problemError(document, answer.status, answer.headers.get("x-request-id"));
        clearTimeout(late);
        await sleep(wait, signal);
      } catch (error) {
        throw this.#understood(error, signal, timer.signal);
      } finally {
        clearTimeout(late);
      }
    }
  }

  #understood(error: unknown, signal: AbortSignal | undefined, timer: AbortSignal): unknown {
    if (signal?.aborted) return signal.reason;
    if (timer.aborted) return new TimedOut(`no answer in time from ${this.#url}`, { cause: error });
    if (error instanceof SyntaxError) return new BrokenAnswer("the answer is no JSON; is this a Ganvas service?", { cause: error });
    // fetch rejects with a TypeError where there is no connection.
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
  return { ...given(sources), ...classJson(class_) };
}

function walkBody(
  keyframes: readonly Latent[],
  { steps, method, loop, class: class_ }: WalkOptions,
): Schemas["InterpolateRequest"] {
  return { keyframes: jsons(keyframes), ...given({ steps, method, loop }), ...classJson(class_) };
}

function arithmeticBody(
  expression: Summand,
  { variations, jitter, seed, class: class_ }: ArithmeticOptions,
): Schemas["ArithmeticRequest"] {
  return { ...expression.sum().toJSON(), ...given({ variations, jitter, seed }), ...classJson(class_) };
}

function translateQuery({ fit = "pad", cycle = false }: TranslateOptions): string {
  return `fit=${fit}&cycle=${cycle}`;
}

function jsons(latents: readonly Latent[]): LatentJson[] {
  return latents.map((latent) => latent.toJSON());
}

/** The fields that have a value. */
function given<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

function raw(picture: Readable): Blob {
  return picture instanceof Blob ? picture : new Blob([picture]);
}

function cycleErrors(answer: Response): number[] {
  return (answer.headers.get("x-cycle-error") ?? "").split(",").filter(Boolean).map(Number);
}
