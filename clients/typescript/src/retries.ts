// The retry policy: which responses are retried, and after which wait.

export interface Retries {
  /** Maximum number of retries; 0 for none. Default: 4. */
  readonly most?: number;
  /** Wait before the first retry in ms; it doubles with each retry. Default: 250. */
  readonly firstMs?: number;
  /** Maximum wait in ms, regardless of `Retry-After`. Default: 30,000. */
  readonly longestMs?: number;
  /** Maximum fraction by which a wait is extended at random, so that clients do not retry all at once. Default: 0.5. */
  readonly jitter?: number;
}

/** Milliseconds until the next retry; undefined if the response is final. `retried` is the number of retries so far. */
export function waitMs(retries: Retries, retried: number, response: Response): number | undefined {
  const { most = 4, firstMs = 250, longestMs = 30_000, jitter = 0.5 } = retries;
  if ((response.status !== 429 && response.status !== 503) || retried >= most) return undefined;
  const retryAfter = retryAfterMs(response.headers.get("retry-after") ?? "");
  const wait = Math.min(longestMs, Math.max(retryAfter, firstMs * 2 ** retried));
  return wait * (1 + jitter * Math.random());
}

/** Milliseconds of a Retry-After header, which is a number of seconds or a date (RFC 9110, section 10.2.3). */
function retryAfterMs(text: string): number {
  if (/^\d+$/.test(text.trim())) return 1000 * Number(text);
  const when = Date.parse(text);
  return Number.isNaN(when) ? 0 : Math.max(0, when - Date.now());
}

/** Waits; rejects with the signal's reason if it is aborted. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
