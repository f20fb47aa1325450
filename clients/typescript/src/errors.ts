// Everything that can go wrong, as one tree:
//
// GanvasError
// ├── ConnectionFailed        nothing was answered, or the answer broke off
// │   └── TimedOut
// ├── ProblemError            the service answered with an error; holds its problem document (RFC 9457)
// │   ├── Unauthorized        401
// │   ├── NotFound            404
// │   ├── NotSupported        409  the model cannot do that
// │   ├── TooLarge            413
// │   ├── NotAnImage          415
// │   ├── Invalid             422  `problem.errors` names the fields
// │   ├── RateLimited         429  still, after all retries
// │   ├── Unavailable         503  still, after all retries
// │   └── DeadlineExceeded    504
// └── BrokenAnswer            what was answered is not what the contract says
//
// What an AbortSignal ends rejects with the signal's reason, as `fetch` does.
import type { components } from "./openapi.js";

/** A problem document (RFC 9457). */
export type Problem = components["schemas"]["Problem"];

export class GanvasError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

export class ConnectionFailed extends GanvasError {}
export class TimedOut extends ConnectionFailed {}
export class BrokenAnswer extends GanvasError {}

export class ProblemError extends GanvasError {
  /**
   * @param problem what the service says.
   * @param requestId by which its log knows the request.
   */
  constructor(
    readonly problem: Problem,
    readonly requestId: string | null = null,
  ) {
    super(`${problem.status} ${problem.title}: ${problem.detail}`);
  }

  get status(): number {
    return this.problem.status;
  }

  /** One sentence that says what was wrong, and what would be right. */
  get detail(): string {
    return this.problem.detail;
  }
}

export class Unauthorized extends ProblemError {}
export class NotFound extends ProblemError {}
export class NotSupported extends ProblemError {}
export class TooLarge extends ProblemError {}
export class NotAnImage extends ProblemError {}
export class Invalid extends ProblemError {}
export class RateLimited extends ProblemError {}
export class Unavailable extends ProblemError {}
export class DeadlineExceeded extends ProblemError {}

const BY_STATUS: Readonly<Record<number, typeof ProblemError>> = {
  401: Unauthorized,
  404: NotFound,
  409: NotSupported,
  413: TooLarge,
  415: NotAnImage,
  422: Invalid,
  429: RateLimited,
  503: Unavailable,
  504: DeadlineExceeded,
};

/** The error of an answer's JSON: a problem document where the service itself answered, anything else from a proxy. */
export function problemError(document: unknown, status: number, requestId: string | null = null): ProblemError {
  const said = typeof document === "object" && document !== null ? document : {};
  const unknown = { type: "about:blank", title: "HTTP error", detail: "the answer holds no problem document", instance: "" };
  const problem: Problem = { ...unknown, ...said, status };
  return new (BY_STATUS[status] ?? ProblemError)(problem, requestId);
}
