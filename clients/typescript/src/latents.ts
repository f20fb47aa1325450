// Latents as values: given by a seed, vector, token or mean, and combined into weighted sums.
import type { components } from "./openapi.js";

type Schemas = components["schemas"];
export type LatentJson = Schemas["SeedLatent"] | Schemas["VectorLatent"] | Schemas["TokenLatent"] | Schemas["MeanLatent"];
export type SumJson = Pick<Schemas["ArithmeticRequest"], "terms" | "directions">;

/** A class of a conditional model: an index, a name, or names with weights that add up to 1. */
export type Class = number | string | Readonly<Record<string, number>>;

/** Base class with the operators of sums. */
export abstract class Summand {
  /** As a sum of weighted latents and directions. */
  abstract sum(): Sum;

  plus(other: Summand): Sum {
    const [ours, theirs] = [this.sum(), other.sum()];
    return new Sum([...ours.terms, ...theirs.terms], [...ours.directions, ...theirs.directions]);
  }

  minus(other: Summand): Sum {
    return this.plus(other.times(-1));
  }

  times(weight: number): Sum {
    const ours = this.sum();
    return new Sum(
      ours.terms.map(([own, latent]) => [weight * own, latent]),
      ours.directions.map(([own, name]) => [weight * own, name]),
    );
  }
}

/** A point in latent space; create it with `seed`, `vector`, `token` or `mean`. */
export class Latent extends Summand {
  readonly #json: LatentJson;

  /** @param json as in a request. */
  constructor(json: LatentJson) {
    super();
    this.#json = structuredClone(json);
    Object.freeze(this);
  }

  sum(): Sum {
    return new Sum([[1, this]], []);
  }

  /** The JSON of the latent in a request. */
  toJSON(): LatentJson {
    return structuredClone(this.#json);
  }
}

/** A named direction from a model's card; useful weights have magnitudes of 1 to 3. */
export class Direction extends Summand {
  constructor(readonly name: string) {
    super();
    Object.freeze(this);
  }

  sum(): Sum {
    return new Sum([], [[1, this.name]]);
  }
}

/** A weighted sum of latents and directions. */
export class Sum extends Summand {
  constructor(
    readonly terms: readonly (readonly [number, Latent])[],
    readonly directions: readonly (readonly [number, string])[],
  ) {
    super();
    Object.freeze(this);
  }

  sum(): Sum {
    return this;
  }

  /** The terms and directions of an arithmetic request. */
  toJSON(): SumJson {
    if (this.terms.length === 0) {
      throw new TypeError("a sum needs a latent in addition to its directions, such as seed(7).plus(direction('smile'))");
    }
    return {
      terms: this.terms.map(([weight, latent]) => ({ weight, latents: [latent.toJSON()] })),
      directions: this.directions.map(([weight, name]) => ({ name, weight })),
    };
  }
}

/** The latent of a seed, 0 to 2^53 - 1; larger seeds do not fit into a JavaScript number. */
export function seed(number: number, class_?: Class): Latent {
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new TypeError(`a seed must be an integer from 0 to 2^53 - 1, not ${number}`);
  }
  return new Latent({ seed: number, ...classJson(class_) });
}

/** A latent given by its values. */
export function vector(values: Iterable<number>, class_?: Class): Latent {
  return new Latent({ vector: [...values], ...classJson(class_) });
}

/** A latent given by a token from a JSON response or from `encode`. */
export function token(text: string, class_?: Class): Latent {
  return new Latent({ token: text, ...classJson(class_) });
}

/** The mean of latents and of their classes. */
export function mean(...parts: readonly Latent[]): Latent {
  if (parts.length === 0) {
    throw new TypeError("mean needs at least one latent");
  }
  return new Latent({ mean: parts.map((part) => part.toJSON()) });
}

/** A named direction of a model. */
export function direction(name: string): Direction {
  return new Direction(name);
}

/** The request field of a class; empty for undefined. */
export function classJson(class_: Class | undefined): { class?: number | string | Record<string, number> } {
  if (class_ === undefined) return {};
  return { class: typeof class_ === "object" ? { ...class_ } : class_ };
}
