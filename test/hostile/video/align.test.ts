/** The addon's aligner called past its face, with what is not there. */
import { describe, expect, test } from "vitest";
import { native } from "../../../dist/native/load.js";

const video = (count = 4): object => ({
  hashes: new Uint8Array(32 * count).map((_, i) => (i * 89) ^ (i >> 5)),
  from: Float64Array.from({ length: count }, (_, i) => i),
  to: Float64Array.from({ length: count }, (_, i) => i),
  duration: count,
  spacing: 1,
});

const request = (change: object = {}): object => ({
  query: video(),
  weights: new Float32Array(4).fill(1),
  candidates: [video()],
  radius: 31,
  supportRadius: 46,
  minSpeed: 0.5,
  maxSpeed: 2,
  includeWeak: true,
  ...change,
});

const align = native.alignVideos as unknown as (request: unknown, cancel?: unknown) => Promise<Float64Array>;

test("a request that is whole is answered in rows of twelve", async () => {
  const rows = await align(request());
  expect(rows).toBeInstanceOf(Float64Array);
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.length % 12).toBe(0);
  expect(rows[0]).toBe(0);
});

test("none for no candidates and for empty videos", async () => {
  expect(await align(request({ candidates: [] }))).toHaveLength(0);
  expect(await align(request({ query: video(0), weights: new Float32Array(0), candidates: [video(0)] }))).toHaveLength(
    0,
  );
  expect(await align(request({ candidates: [{ ...video(), places: new Uint32Array(0) }] }))).toHaveLength(0);
});

describe("refused at the call", () => {
  test.each([
    ["no request", undefined],
    ["a number", 7],
    ["no query", request({ query: undefined })],
    ["hashes that are no bytes", request({ query: { ...video(), hashes: new Float64Array(128) } })],
    ["times of another length", request({ query: { ...video(), to: new Float64Array(3) } })],
    ["hashes of another length", request({ query: { ...video(), hashes: new Uint8Array(127) } })],
    ["a duration that is no number", request({ query: { ...video(), duration: "4" } })],
    ["weights of another length", request({ weights: new Float32Array(3) })],
    ["weights of another type", request({ weights: new Float64Array(4) })],
    ["candidates that are no list", request({ candidates: { length: 1 } })],
    ["a candidate that is not a video", request({ candidates: [video(), null] })],
    ["places that are no pairs", request({ candidates: [{ ...video(), places: new Uint32Array(3) }] })],
    ["places of another type", request({ candidates: [{ ...video(), places: new Int32Array(2) }] })],
    ["a radius below 0", request({ radius: -1 })],
    ["includeWeak that is no boolean", request({ includeWeak: 1 })],
  ])("%s", (_, given) => {
    expect(() => align(given)).toThrow(expect.objectContaining({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" }));
  });
});

describe("refused by the core", () => {
  test.each([
    ["a radius above 256", request({ supportRadius: 300 })],
    ["a radius above the support radius", request({ radius: 47 })],
    ["a speed of 0", request({ minSpeed: 0 })],
    ["speeds the wrong way round", request({ minSpeed: 2, maxSpeed: 1 })],
    ["a speed that is no number", request({ maxSpeed: NaN })],
    ["times that go back", request({ candidates: [{ ...video(), from: Float64Array.of(0, 2, 1, 3) }] })],
    ["a run that ends before it begins", request({ query: { ...video(), to: Float64Array.of(0, 0, 2, 3) } })],
    ["a duration below 0", request({ query: { ...video(), duration: -1 } })],
    ["a place outside", request({ candidates: [{ ...video(), places: Uint32Array.of(0, 4) }] })],
  ])("%s", async (_, given) => {
    await expect(align(given)).rejects.toMatchObject({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" });
  });
});

test("cancelled", async () => {
  const token = native.createCancel();
  native.cancel(token);
  await expect(align(request(), token)).rejects.toMatchObject({ code: "ERR_EMPREINTE_CANCELLED" });
});
