// When a refused request is worth another try, and how long to wait before it.

export interface Retries {
  /** Tries after the first; 0 for none. Default: 4. */
  readonly most?: number;
  /** The wait before the first of them in ms; it doubles each time. Default: 250. */
  readonly firstMs?: number;
  /** Of one wait in ms, whatever `Retry-After` asks for. Default: 30,000. */
  readonly longestMs?: number;
  /** The share of a wait by which it may be longer, so that refused clients do not all come back at once. Default: 0.5. */
  readonly jitter?: number;
}

/** Milliseconds until the next try; undefined where there is none. `tried` counts those after the first so far. */
export function waitMs(retries: Retries, tried: number, answer: Response): number | undefined {
  const { most = 4, firstMs = 250, longestMs = 30_000, jitter = 0.5 } = retries;
  if ((answer.status !== 429 && answer.status !== 503) || tried >= most) return undefined;
  const asked = retryAfterMs(answer.headers.get("retry-after") ?? "");
  const wait = Math.min(longestMs, Math.max(asked, firstMs * 2 ** tried));
  return wait * (1 + jitter * Math.random());
}

/** Of a Retry-After header (RFC 9110, section 10.2.3): a number of seconds or a date. */
function retryAfterMs(text: string): number {
  if (/^\d+$/.test(text.trim())) return 1000 * Number(text);
  const when = Date.parse(text);
  return Number.isNaN(when) ? 0 : Math.max(0, when - Date.now());
}

/** Waits; rejects with the signal's reason when it is aborted. */
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
