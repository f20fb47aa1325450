// What the service answers, as values; pictures are Blobs, and ImageBitmaps where there are any.
import { GanvasError } from "./errors.js";
import { Latent, type LatentJson } from "./latents.js";
import type { components } from "./openapi.js";

type Schemas = components["schemas"];
export type Card = Schemas["Card"] & Partial<Schemas["TranslatorCard"]>;
export type ManifestCard = Schemas["ManifestCard"] & Partial<Schemas["TranslatorCard"]>;
export type Models = { readonly models: readonly Card[]; readonly skipped: readonly Schemas["SkippedPackage"][] };
export type Judgement = Schemas["Judgement"];

/** A picture, an animation or an archive, as the service sent it. */
export class File_ {
  /**
   * @param blob the file, with its type.
   * @param model `name@version` that made it.
   * @param seeds that drew it, where seeds did.
   */
  constructor(
    readonly blob: Blob,
    readonly model: string,
    readonly seeds: readonly number[] = [],
  ) {}

  /** The picture, ready to be drawn on a canvas; in browsers and workers. */
  async bitmap(): Promise<ImageBitmap> {
    if (typeof createImageBitmap !== "function") {
      throw new GanvasError("there is no ImageBitmap here, but in browsers; use blob");
    }
    return createImageBitmap(this.blob);
  }
}

/** A drawn picture. */
export class Picture extends File_ {
  /**
   * @param seed that drew it, where one did.
   * @param latent draws it again; exact.
   * @param class_ a name, or names with their weights, for a conditional model.
   */
  constructor(
    blob: Blob,
    model: string,
    readonly seed: number | null,
    readonly latent: Latent | null,
    readonly class_: Schemas["DrawnPicture"]["class"],
  ) {
    super(blob, model, seed === null ? [] : [seed]);
  }
}

/** One frame of a walk that is drawn while it is sent. */
export class Frame extends File_ {
  /**
   * @param index from 0.
   * @param of frames of the whole walk.
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

/** A translated picture. */
export class Translation extends File_ {
  /** @param cycleError mean absolute error of the way there and back, 0 to 255, where it was asked for. */
  constructor(
    blob: Blob,
    model: string,
    readonly cycleError: number | null,
  ) {
    super(blob, model);
  }
}

/** The pictures of a JSON answer. */
export function pictures(answer: Schemas["Pictures"]): Picture[] {
  return answer.images.map((entry) => {
    const latent = entry.latent === null ? null : new Latent(entry.latent as unknown as LatentJson);
    return new Picture(blobOf(entry.data, entry.content_type), answer.model, entry.seed, latent, entry.class);
  });
}

/** A Blob of base64. */
export function blobOf(base64: string, type: string): Blob {
  return new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], { type });
}
