// The responses of the service as values, with images as Blobs, or as ImageBitmaps in browsers.
import { GanvasError } from "./errors.js";
import { Latent, type LatentJson } from "./latents.js";
import type { components } from "./openapi.js";

type Schemas = components["schemas"];
export type Card = Schemas["Card"] & Partial<Schemas["TranslatorCard"]>;
export type ManifestCard = Schemas["ManifestCard"] & Partial<Schemas["TranslatorCard"]>;
export type Models = { readonly models: readonly Card[]; readonly skipped: readonly Schemas["SkippedPackage"][] };
export type Judgement = Schemas["Discrimination"];

/** An image, an animation or an archive from the service. */
export class File_ {
  /**
   * @param blob the file, with its media type.
   * @param model `name@version` that generated it.
   * @param seeds seeds of the images; empty if they come from other latents.
   */
  constructor(
    readonly blob: Blob,
    readonly model: string,
    readonly seeds: readonly number[] = [],
  ) {}

  /** Decodes the image for a canvas; in browsers and workers only. */
  async bitmap(): Promise<ImageBitmap> {
    if (typeof createImageBitmap !== "function") {
      throw new GanvasError("ImageBitmap exists in browsers only; use blob");
    }
    return createImageBitmap(this.blob);
  }
}

/** A generated image. */
export class Picture extends File_ {
  /**
   * @param seed seed of the latent; null for other latents.
   * @param latent the exact latent, which generates the same image again.
   * @param class_ a name, or names with weights, for a conditional model.
   */
  constructor(
    blob: Blob,
    model: string,
    readonly seed: number | null,
    readonly latent: Latent | null,
    readonly class_: Schemas["ResponseImage"]["class"],
  ) {
    super(blob, model, seed === null ? [] : [seed]);
  }
}

/** A frame of a streamed interpolation. */
export class Frame extends File_ {
  /**
   * @param index 0-based index.
   * @param of number of frames of the interpolation.
   */
  constructor(
    blob: Blob,
    model: string,
    readonly index: number,
    readonly of: number,
  ) {
    super(blob, model);
  }
}

/** A translated image. */
export class Translation extends File_ {
  /** @param cycleError mean absolute error after translating back, 0 to 255; null unless requested. */
  constructor(
    blob: Blob,
    model: string,
    readonly cycleError: number | null,
  ) {
    super(blob, model);
  }
}

/** The images of a JSON response. */
export function imagesOf(response: Schemas["Images"]): Picture[] {
  return response.images.map((entry) => {
    const latent = entry.latent === null ? null : new Latent(entry.latent as unknown as LatentJson);
    return new Picture(blobOf(entry.data, entry.content_type), response.model, entry.seed, latent, entry.class);
  });
}

/** Decodes base64 into a Blob. */
export function blobOf(base64: string, type: string): Blob {
  return new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], { type });
}
