// The errors of the client, as one tree:
//
// GanvasError
// ├── ConnectionFailed        no response, or an interrupted one
// │   └── TimedOut
// ├── ProblemError            the service returned an error; contains its problem document (RFC 9457)
// │   ├── Unauthorized        401
// │   ├── NotFound            404
// │   ├── NotSupported        409  the model does not support the call
// │   ├── TooLarge            413
// │   ├── NotAnImage          415
// │   ├── Invalid             422  `problem.errors` names the fields
// │   ├── RateLimited         429  after all retries
// │   ├── Unavailable         503  after all retries
// │   └── DeadlineExceeded    504
// └── BrokenAnswer            the response does not match the API contract
//
// A call that an AbortSignal aborts rejects with the signal's reason, like `fetch`.
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
   * @param problem the service's problem document.
   * @param requestId ID of the request in the service's log.
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

  /** One sentence with the cause and a remedy. */
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

/** Creates the error of a response from its JSON: a problem document from the service, or anything from a proxy. */
export function problemError(document: unknown, status: number, requestId: string | null = null): ProblemError {
  const fields = typeof document === "object" && document !== null ? document : {};
  const unknown = { type: "about:blank", title: "HTTP error", detail: "the response contains no problem document", instance: "" };
  const problem: Problem = { ...unknown, ...fields, status };
  return new (BY_STATUS[status] ?? ProblemError)(problem, requestId);
}
