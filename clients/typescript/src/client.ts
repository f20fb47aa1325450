// The client: one method per call of the service.
import { BrokenAnswer, ConnectionFailed, problemError, TimedOut } from "./errors.js";
import { events } from "./events.js";
import { Latent, type Summand } from "./latents.js";
import type { components } from "./openapi.js";
import type {
  ArithmeticOptions,
  CallOptions,
  ClientOptions,
  FileOptions,
  Format,
  InterpolateOptions,
  Readable,
  SampleOptions,
  TranslateOptions,
} from "./options.js";
import * as requests from "./requests.js";
import { blobOf, File_, Frame, imagesOf, Translation } from "./results.js";
import type { Judgement, ManifestCard, Models, Picture } from "./results.js";
import { sleep, waitMs } from "./retries.js";

type Schemas = components["schemas"];

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
    return this.#json<ManifestCard>(requests.path(model), {}, options);
  }

  /** Returns the preview image of a model. */
  async preview(model: string, options: CallOptions = {}): Promise<File_> {
    return this.#file(`${requests.path(model)}/preview`, {}, options);
  }

  /** Whether the service responds and has loaded its models. */
  async isReady(options: CallOptions = {}): Promise<boolean> {
    const response = await this.#fetch(`${this.#url}/readyz`, { signal: options.signal ?? null }).catch(
      () => undefined,
    );
    await response?.body?.cancel();
    return response?.status === 200;
  }

  /** Generates images from random seeds, given seeds or latents; one image by default. */
  async sample(model: string, options: SampleOptions = {}): Promise<Picture[]> {
    return this.#images(`${requests.path(model)}/sample`, requests.sampleBody(options), options);
  }

  /** Generates images as one file: a grid, a zip, JSON or npy. */
  async sampleFile(
    model: string,
    options: SampleOptions & FileOptions<Format<"/v1/models/{model}/sample">> = {},
  ): Promise<File_> {
    return this.#fileOf(`${requests.path(model)}/sample`, requests.sampleBody(options), options, "png");
  }

  /** Generates the frames of an interpolation between latents. */
  async interpolate(model: string, keyframes: readonly Latent[], options: InterpolateOptions = {}): Promise<Picture[]> {
    return this.#images(`${requests.path(model)}/interpolate`, requests.interpolateBody(keyframes, options), options);
  }

  /** Generates an interpolation as one file: an animation (gif, apng, webp) or a strip (png, jpeg). */
  async interpolateFile(
    model: string,
    keyframes: readonly Latent[],
    options: InterpolateOptions &
      FileOptions<Format<"/v1/models/{model}/interpolate">> & { readonly fps?: number } = {},
  ): Promise<File_> {
    const body = {
      ...requests.interpolateBody(keyframes, options),
      ...requests.withoutUndefined({ fps: options.fps }),
    };
    return this.#fileOf(`${requests.path(model)}/interpolate`, body, options, "gif");
  }

  /** Generates the frames of an interpolation and yields each as soon as it arrives. Leaving the loop ends the request. */
  async *stream(
    model: string,
    keyframes: readonly Latent[],
    options: InterpolateOptions = {},
  ): AsyncGenerator<Frame, void, undefined> {
    const request = requests.json(requests.interpolateBody(keyframes, options), "text/event-stream");
    const response = await this.#send(`${requests.path(model)}/interpolate`, request, options, (whole) =>
      Promise.resolve(whole),
    );
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
    return this.#images(`${requests.path(model)}/arithmetic`, requests.arithmeticBody(expression, options), options);
  }

  /** Generates the image of a sum of latents, and its variations, as one file. */
  async arithmeticFile(
    model: string,
    expression: Summand,
    options: ArithmeticOptions & FileOptions<Format<"/v1/models/{model}/arithmetic">> = {},
  ): Promise<File_> {
    return this.#fileOf(
      `${requests.path(model)}/arithmetic`,
      requests.arithmeticBody(expression, options),
      options,
      "png",
    );
  }

  /** Translates an image from one domain to another. */
  async translate(model: string, image: Readable, options: TranslateOptions = {}): Promise<Translation> {
    const request = { method: "POST", body: requests.raw(image), headers: { Accept: "image/png" } };
    return this.#send(
      `${requests.path(model)}/translate?${requests.translateQuery(options)}`,
      request,
      options,
      async (response) => {
        const [error = null] = cycleErrors(response);
        return new Translation(await response.blob(), response.headers.get("x-model") ?? "", error);
      },
    );
  }

  /** Translates several images in one request. */
  async translateAll(
    model: string,
    images: readonly Readable[],
    options: TranslateOptions = {},
  ): Promise<Translation[]> {
    const form = new FormData();
    for (const image of images) form.append("image", requests.raw(image));
    const request = { method: "POST", body: form, headers: { Accept: "application/json" } };
    return this.#send(
      `${requests.path(model)}/translate?${requests.translateQuery(options)}`,
      request,
      options,
      async (response) => {
        const errors = cycleErrors(response);
        const translated = imagesOf(await response.json());
        return translated.map((image, index) => new Translation(image.blob, image.model, errors[index] ?? null));
      },
    );
  }

  /** Rates how real an image looks to the model's discriminator. */
  async discriminate(
    model: string,
    image: Readable,
    options: CallOptions & { readonly class?: number | string } = {},
  ): Promise<Judgement> {
    const query = options.class === undefined ? "" : `?class=${encodeURIComponent(options.class)}`;
    return this.#json<Judgement>(
      `${requests.path(model)}/discriminate${query}`,
      { method: "POST", body: requests.raw(image) },
      options,
    );
  }

  /** Predicts the latent of an image; the model needs an encoder. */
  async encode(model: string, image: Readable, options: CallOptions = {}): Promise<Latent> {
    const request = { method: "POST", body: requests.raw(image) };
    return new Latent(
      (await this.#json<Schemas["Encoding"]>(`${requests.path(model)}/encode`, request, options)).latent,
    );
  }

  /** Generates a file of the service again, from its metadata. */
  async reproduce(
    file: Readable,
    options: CallOptions & { readonly format?: Format<"/v1/reproduce"> } = {},
  ): Promise<File_> {
    const query = options.format === undefined ? "" : `?format=${options.format}`;
    return this.#file(`/v1/reproduce${query}`, { method: "POST", body: requests.raw(file) }, options);
  }

  async #images(path: string, body: object, options: CallOptions): Promise<Picture[]> {
    return imagesOf(await this.#json<Schemas["Images"]>(path, requests.json(body), options));
  }

  async #fileOf<F extends string>(
    path: string,
    body: object,
    options: CallOptions & FileOptions<F>,
    defaultFormat: string,
  ): Promise<File_> {
    const shaped = { ...body, ...requests.withoutUndefined({ columns: options.columns }) };
    return this.#file(`${path}?format=${options.format ?? defaultFormat}`, requests.json(shaped, "*/*"), options);
  }

  async #file(path: string, request: RequestInit, options: CallOptions): Promise<File_> {
    return this.#send(path, request, options, async (response) => {
      const seeds = (response.headers.get("x-seed") ?? "").split(",").filter(Boolean).map(Number);
      return new File_(await response.blob(), response.headers.get("x-model") ?? "", seeds);
    });
  }

  async #json<T>(path: string, request: RequestInit, options: CallOptions): Promise<T> {
    return this.#send(path, request, options, async (response) => (await response.json()) as T);
  }

  /** Sends a request, with retries, and reads the successful response. */
  async #send<T>(
    path: string,
    request: RequestInit,
    { signal }: CallOptions,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    for (let retried = 0; ; retried++) {
      const timer = new AbortController();
      const timeout = setTimeout(() => timer.abort(), this.#options.timeoutMs ?? 60_000);
      try {
        const both = signal === undefined ? timer.signal : AbortSignal.any([signal, timer.signal]);
        const response = await this.#fetch(this.#url + path, { ...this.#withKey(request), signal: both });
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
    if (error instanceof SyntaxError)
      return new BrokenAnswer("the response is not JSON; is this a Ganvas service?", { cause: error });
    // fetch rejects with a TypeError if there is no connection.
    return error instanceof TypeError
      ? new ConnectionFailed(`${this.#url} cannot be reached`, { cause: error })
      : error;
  }

  #withKey(request: RequestInit): RequestInit {
    const key = this.#options.apiKey;
    return key === undefined
      ? request
      : { ...request, headers: { ...request.headers, Authorization: `Bearer ${key}` } };
  }

  get #fetch(): typeof fetch {
    return this.#options.fetch ?? globalThis.fetch.bind(globalThis);
  }
}

function cycleErrors(response: Response): number[] {
  return (response.headers.get("x-cycle-error") ?? "").split(",").filter(Boolean).map(Number);
}
