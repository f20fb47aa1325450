// Runs against the server at GANVAS_URL, which tests/clients/test_typescript_client.py starts.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BrokenAnswer, Client, ConnectionFailed, DeadlineExceeded, direction, Frame, GanvasError, Invalid, mean, NotFound,
  NotSupported, Picture, ProblemError, seed, TimedOut, token, Unauthorized, Unavailable, vector,
} from "../src/index.js";

const url = process.env["GANVAS_URL"] ?? "http://localhost:8000";
const ganvas = new Client(url);
const raw = (where: string, body?: object): Promise<ArrayBuffer> =>
  fetch(`${url}/v1/models/${where}`, body && { method: "POST", body: JSON.stringify(body) }).then((r) => r.arrayBuffer());
const bytes = async (blob: Blob): Promise<Buffer> => Buffer.from(await blob.arrayBuffer());
const same = async (blob: Blob, expected: ArrayBuffer): Promise<void> =>
  assert.ok((await bytes(blob)).equals(Buffer.from(expected)));

test("a sample is the API's image, and its latent reproduces it", async () => {
  const generated = await ganvas.sample("tiny", { seeds: [7, 8] });
  assert.deepEqual(generated.map((image) => image.seed), [7, 8]);
  await same(generated[0]!.blob, await raw("tiny/sample?seed=7"));
  assert.equal(generated[0]!.model, "tiny@1");
  assert.equal(generated[0]!.blob.type, "image/png");
  const npy = (latents: object[]): Promise<ArrayBuffer> => raw("tiny/sample?format=npy", { latents });
  assert.deepEqual(await npy([generated[0]!.latent!]), await npy([{ seed: 7 }]));
  assert.equal((await ganvas.sample("tiny", { n: 3, truncation: 0.5 })).length, 3);
  assert.equal((await ganvas.sample("tiny@1")).length, 1);
});

test("classes are indices, names and weights", async () => {
  for (const upload of [2, "star", { star: 1 }]) {
    const [image] = await ganvas.sample("classes", { latents: [seed(1, upload)] });
    assert.equal(image!.class_, "star");
  }
  assert.deepEqual((await ganvas.sample("classes", { n: 1, class: { star: 0.5, circle: 0.5 } }))[0]!.class_, {
    circle: 0.5,
    star: 0.5,
  });
});

test("several images are one file, which is reproduced", async () => {
  const file = await ganvas.sampleFile("tiny", { seeds: [0, 1, 2], columns: 3 });
  await same(file.blob, await raw("tiny/sample?seed=0&n=3&columns=3"));
  assert.deepEqual(file.seeds, [0, 1, 2]);
  assert.deepEqual(await bytes((await ganvas.reproduce(file.blob)).blob), await bytes(file.blob));
  assert.equal((await ganvas.reproduce(file.blob, { format: "webp" })).blob.type, "image/webp");
  assert.equal((await ganvas.sampleFile("tiny", { format: "zip" })).blob.type, "application/zip");
});

test("interpolations are returned whole, as a file, or frame by frame", async () => {
  const keyframes = [seed(1), vector([1, 0, 0, 0, 0, 0, 0, 1]), seed(3)];
  const whole = await ganvas.interpolate("tiny", keyframes, { steps: 4, loop: true });
  assert.equal(whole.length, 9);
  assert.equal((await ganvas.interpolateFile("tiny", keyframes, { fps: 25, method: "lerp" })).blob.type, "image/gif");
  const frames: Frame[] = [];
  for await (const frame of ganvas.stream("tiny", keyframes, { steps: 4, loop: true })) frames.push(frame);
  assert.deepEqual(frames.map((frame) => [frame.index, frame.of, frame.model]), frames.map((_, n) => [n, 9, "tiny@1"]));
  assert.equal(frames.length, 9);
});

test("a stream can be left and aborted", async () => {
  for await (const frame of ganvas.stream("tiny", [seed(1), seed(2)], { steps: 128 })) {
    assert.equal(frame.of, 128);
    break;
  }
  const stop = new AbortController();
  const taken: number[] = [];
  await assert.rejects(
    async () => {
      for await (const frame of ganvas.stream("tiny", [seed(1), seed(2)], { steps: 128, signal: stop.signal })) {
        taken.push(frame.index);
        stop.abort(new Error("enough"));
      }
    },
    { message: "enough" },
  );
  assert.ok(taken.length < 128);
});

test("sums are arithmetic requests", async () => {
  const sum = mean(seed(1), seed(2)).minus(seed(3)).plus(direction("smile").times(2)).times(0.5);
  assert.deepEqual(sum.toJSON(), {
    terms: [
      { weight: 0.5, latents: [{ mean: [{ seed: 1 }, { seed: 2 }] }] },
      { weight: -0.5, latents: [{ seed: 3 }] },
    ],
    directions: [{ name: "smile", weight: 1 }],
  });
  const body = { ...sum.toJSON(), variations: 3, jitter: 0.5, seed: 4 };
  const file = await ganvas.arithmeticFile("colour", sum, { variations: 3, jitter: 0.5, seed: 4 });
  await same(file.blob, await raw("colour/arithmetic?format=png", body));
  assert.equal((await ganvas.arithmetic("colour", sum, { variations: 3 })).length, 4);
  assert.equal((await ganvas.arithmetic("tiny", seed(1))).length, 1);
  assert.throws(() => direction("smile").times(2).toJSON(), /needs a latent/);
  assert.throws(() => seed(1.5), /integer/);
  assert.throws(() => seed(2 ** 53), /2\^53/);
  assert.throws(() => mean(), /at least one/);
});

test("latents do not change", async () => {
  const values = [1, 2];
  const latent = vector(values, { star: 1 });
  values.push(3);
  assert.deepEqual(latent.toJSON(), { vector: [1, 2], class: { star: 1 } });
  (latent.toJSON() as { vector: number[] }).vector.push(3);
  assert.deepEqual(JSON.parse(JSON.stringify(latent)), { vector: [1, 2], class: { star: 1 } });
  assert.throws(() => Object.assign(latent, { extra: 1 }), TypeError);
});

test("images are translated, rated and encoded", async () => {
  const [image] = await ganvas.sample("colour", { seeds: [3] });
  const upload = await image!.blob.arrayBuffer();
  const expected = await fetch(`${url}/v1/models/darker/translate`, { method: "POST", body: upload });
  const translated = await ganvas.translate("darker", upload);
  await same(translated.blob, await expected.arrayBuffer());
  assert.equal(translated.cycleError, null);
  assert.ok((await ganvas.translate("darker", image!.blob, { cycle: true })).cycleError! < 4);
  assert.equal((await ganvas.translate("darker", image!.blob, { fit: "resize" })).blob.type, "image/png");
  const all = await ganvas.translateAll("darker", [image!.blob, new Uint8Array(upload)], { cycle: true });
  assert.deepEqual(await bytes(all[0]!.blob), await bytes(all[1]!.blob));
  assert.equal(typeof all[1]!.cycleError, "number");
  const rating = await ganvas.discriminate("tiny", image!.blob);
  assert.ok(rating.probability! > 0 && rating.probability! < 1);
  assert.equal((await ganvas.discriminate("critic", image!.blob)).probability, null);
  assert.equal(typeof (await ganvas.discriminate("classes", image!.blob, { class: "star" })).score, "number");
  const latent = await ganvas.encode("colour", image!.blob);
  assert.ok("token" in latent.toJSON());
  assert.equal((await ganvas.sample("colour", { latents: [latent] })).length, 1);
});

test("models are listed", async () => {
  const { models, skipped } = await ganvas.models();
  assert.ok(models.some((card) => card.name === "classes" && card.classes?.includes("star")));
  assert.deepEqual(skipped, []);
  assert.equal((await ganvas.model("darker@1")).inverse, "lighter");
  assert.equal((await ganvas.model("tiny")).manifest["name"], "tiny");
  assert.equal((await ganvas.preview("tiny")).blob.type, "image/png");
  assert.equal(await ganvas.isReady(), true);
  assert.equal(await new Client("http://127.0.0.1:9").isReady(), false);
});

test("errors are one tree with the detail of the service", async () => {
  const refused = async (call: Promise<unknown>): Promise<ProblemError> => {
    const error = await call.then(() => assert.fail("it was not refused"), (reason: unknown) => reason);
    assert.ok(error instanceof ProblemError && error instanceof GanvasError, String(error));
    return error;
  };
  const missing = await refused(ganvas.sample("nothing"));
  assert.ok(missing instanceof NotFound);
  assert.match(missing.detail, /no model 'nothing' is served/);
  assert.ok(missing.requestId);
  const wrong = await refused(ganvas.sample("tiny", { truncation: 2 }));
  assert.ok(wrong instanceof Invalid);
  assert.equal(wrong.problem.errors![0]!["field"], "truncation");
  assert.ok((await refused(ganvas.sample("darker"))) instanceof NotSupported);
  assert.ok((await refused(ganvas.model("../../livez"))) instanceof NotFound);
  assert.ok((await refused(ganvas.stream("tiny", [seed(1), token("!")]).next())) instanceof Invalid);
  await assert.rejects(new Client("http://127.0.0.1:9").sample("tiny"), ConnectionFailed);
  await assert.rejects((await ganvas.sample("tiny"))[0]!.bitmap(), /ImageBitmap exists in browsers only/);
});

const locked = process.env["GANVAS_LOCKED_URL"];
test("an API key is sent with every request", { skip: locked === undefined }, async () => {
  await assert.rejects(new Client(locked).sample("tiny"), Unauthorized);
  const opened = new Client(locked, { apiKey: "secret" });
  assert.equal((await opened.sample("tiny")).length, 1);
  for await (const frame of opened.stream("tiny", [seed(1), seed(2)], { steps: 2 })) assert.equal(frame.of, 2);
});

function scripted(responses: (() => Response)[]): typeof fetch & { times: number[] } {
  const times: number[] = [];
  const respond = async (): Promise<Response> => {
    times.push(performance.now());
    return responses.shift()!();
  };
  return Object.assign(respond, { times });
}

const generated = (): Response => Response.json({ model: "m@1", images: [] });
const busy = (retryAfter?: string, status = 503) => (): Response =>
  new Response("", { status, headers: retryAfter === undefined ? {} : { "Retry-After": retryAfter } });

test("refusals are retried after their Retry-After, up to a limit", async () => {
  const fetch = scripted([busy("500"), busy(undefined, 429), busy("x"), busy("Wed, 21 Oct 2015 07:28:00 GMT"), generated]);
  const client = new Client(url, { fetch, retries: { firstMs: 1, longestMs: 60 } });
  assert.deepEqual(await client.sample("m"), [] as Picture[]);
  assert.equal(fetch.times.length, 5);
  const first = fetch.times[1]! - fetch.times[0]!;
  assert.ok(first >= 58 && first < 1000, `waited ${first} ms`);
  const slow = scripted([busy("1"), generated]);
  await new Client(url, { fetch: slow }).sample("m");
  assert.ok(slow.times[1]! - slow.times[0]! >= 990);
});

test("the last refusal and other errors are raised", async () => {
  const fetch = scripted([busy(), busy(), busy()]);
  await assert.rejects(new Client(url, { fetch, retries: { most: 2, firstMs: 1 } }).sample("m"), Unavailable);
  const proxy = scripted([() => new Response("<html>", { status: 502 })]);
  await assert.rejects(new Client(url, { fetch: proxy }).sample("m"), { status: 502 });
  const other = scripted([() => new Response("hello")]);
  await assert.rejects(new Client(url, { fetch: other }).sample("m"), BrokenAnswer);
});

test("a signal aborts a call and a wait with its reason; a timeout is an error of the tree", async () => {
  const reason = new Error("enough");
  await assert.rejects(ganvas.sample("tiny", { signal: AbortSignal.abort(reason) }), reason);
  const stop = new AbortController();
  const waiting = new Client(url, { fetch: scripted([busy("30")]) }).sample("m", { signal: stop.signal });
  setTimeout(() => stop.abort(reason), 20);
  await assert.rejects(waiting, reason);
  const never: typeof fetch = (_, request) =>
    new Promise((_resolve, reject) => request!.signal!.addEventListener("abort", () => reject(request!.signal!.reason)));
  await assert.rejects(new Client(url, { fetch: never, timeoutMs: 20 }).sample("m"), TimedOut);
});

test("an interrupted or failed stream rejects", async () => {
  const frame = `event: frame\ndata: ${JSON.stringify({ index: 0, of: 2, content_type: "image/png", data: "" })}\n\n`;
  const streamed = async (text: string): Promise<number> => {
    let count = 0;
    const client = new Client(url, { fetch: scripted([() => new Response(text)]) });
    for await (const one of client.stream("m", [seed(1), seed(2)])) count += one.of;
    return count;
  };
  await assert.rejects(streamed(frame), ConnectionFailed);
  const late = { type: "urn:x", title: "Deadline", status: 504, detail: "too late", instance: "/" };
  await assert.rejects(streamed(`${frame}event: error\ndata: ${JSON.stringify(late)}\n\n`), DeadlineExceeded);
  assert.equal(await streamed(`${frame}${frame}event: done\ndata: {}\n\n`), 4);
});
