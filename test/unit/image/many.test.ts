/** hashImages: bounded, in order of completion, errors as values, and closed cleanly however it ends. */
import { getEventListeners } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, test } from "vitest";
import { hashImages, hashPixelsSync, ImageError, type ImageInput, LimitError } from "../../../dist/index.js";
import type { HashedImage } from "../../../dist/image/hash-images.js";
import { InvalidArgumentError } from "../../../dist/errors.js";
import { png } from "../../../fixtures/images/encode.ts";
import { makeInput } from "../../../fixtures/kat/inputs.mjs";

const width = 80;
const height = 64;
const images = Array.from({ length: 10 }, (_, seed) => {
  const samples = makeInput({ width, height, channels: 1, planes: [{ gen: "scene", args: { seed, m: 14 } }] });
  const { hash } = hashPixelsSync({ data: samples, width, height, channels: 1 });
  return { samples, hash, file: png({ width, height, type: 0, bits: 8, samples }) };
});

const folder = mkdtempSync(join(tmpdir(), "empreinte-many-"));
const paths = images.map(({ file }, i) => {
  const path = join(folder, `${i}.png`);
  writeFileSync(path, file);
  return path;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function all<Input>(results: AsyncIterable<HashedImage<Input>>): Promise<HashedImage<Input>[]> {
  const list: HashedImage<Input>[] = [];
  for await (const result of results) list.push(result);
  return list.sort((a, b) => a.index - b.index);
}

/** An image that comes when `go` is called. */
function held(file: Uint8Array): { input: AsyncIterable<Uint8Array>; go: () => void } {
  let go = (): void => {};
  const gone = new Promise<void>((resolve) => (go = resolve));
  async function* pieces(): AsyncGenerator<Uint8Array> {
    await gone;
    yield file;
  }
  return { input: pieces(), go };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("300 inputs with errors between them", () => {
  const input = (i: number): ImageInput => {
    if (i % 7 === 3) return join(folder, `missing ${i}`);
    if (i % 11 === 5) return Buffer.from("no image");
    const { file, samples } = images[i % 10]!;
    if (i % 3 === 0) return paths[i % 10]!;
    return i % 3 === 1 ? file : { data: samples, width, height, channels: 1 };
  };
  const inputs = Array.from({ length: 300 }, (_, i) => input(i));
  async function* slowly(): AsyncGenerator<ImageInput> {
    for (const [i, one] of inputs.entries()) {
      if (i % 50 === 0) await turn();
      yield one;
    }
  }

  it.each([
    ["an array", () => inputs, 1],
    ["an array", () => inputs, 3],
    ["an async generator", () => slowly(), 8],
    ["an iterator", () => inputs.values(), undefined],
  ])("from %s", async (_, source, concurrency) => {
    const results = await all(hashImages(source(), { ...(concurrency ? { concurrency } : {}), orientations: true }));
    expect(results.map(({ index }) => index)).toEqual(inputs.map((_, i) => i));
    for (const { input, index: i, result, error } of results) {
      expect(input).toBe(inputs[i]);
      if (i % 7 === 3) expect(error).toMatchObject({ name: "ImageError", code: "ERR_EMPREINTE_READ" });
      else if (i % 11 === 5) expect(error).toMatchObject({ code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT" });
      else {
        expect(error).toBeUndefined();
        expect(result).toMatchObject({ hash: images[i % 10]!.hash, orientations: { orig: images[i % 10]!.hash } });
      }
    }
  });
});

it("gives results in the order in which they are done", async () => {
  const [slow, quick, last] = [held(images[0]!.file), held(images[1]!.file), held(images[2]!.file)];
  const results = hashImages([slow.input, quick.input, last.input], { concurrency: 3 });
  const order: number[] = [];
  quick.go();
  order.push((await results.next()).value!.index);
  last.go();
  order.push((await results.next()).value!.index);
  slow.go();
  order.push((await results.next()).value!.index);
  expect(order).toEqual([1, 2, 0]);
  expect(await results.next()).toEqual({ done: true, value: undefined });
});

it("asks for no more inputs than are in work, and only when a result is wanted", async () => {
  let requested = 0;
  let given = 0;
  let most = 0;
  function* inputs(): Generator<ImageInput> {
    for (let i = 0; i < 60; i++) {
      requested++;
      most = Math.max(most, requested - given);
      yield images[i % 10]!.file;
    }
  }
  const results = hashImages(inputs(), { concurrency: 3 });
  await turn();
  expect(requested).toBe(0);
  await results.next();
  given++;
  for (let i = 0; i < 20; i++) await turn();
  // A consumer that thinks for long finds no more than three waiting.
  expect(requested).toBeLessThanOrEqual(1 + 3);
  for await (const _ of results) given++;
  expect(given).toBe(60);
  expect(most).toBe(3);
});

it("does not wait for a slow source when a result is there", async () => {
  let more = (): void => {};
  const wanted = new Promise<void>((resolve) => (more = resolve));
  async function* inputs(): AsyncGenerator<ImageInput> {
    yield images[0]!.file;
    await wanted;
    yield images[1]!.file;
  }
  const results = hashImages(inputs(), { concurrency: 2 });
  expect((await results.next()).value).toMatchObject({ index: 0, result: { hash: images[0]!.hash } });
  more();
  expect((await results.next()).value).toMatchObject({ index: 1, result: { hash: images[1]!.hash } });
});

describe("leaving early", () => {
  /** A source that tells whether it was closed, and inputs that tell whether they were. */
  function source(): { inputs: AsyncGenerator<ImageInput>; closed: { source: boolean; inputs: number } } {
    const closed = { source: false, inputs: 0 };
    async function* never(): AsyncGenerator<Uint8Array> {
      yield images[0]!.file.subarray(0, 10);
      await new Promise(() => {});
    }
    async function* inputs(): AsyncGenerator<ImageInput> {
      try {
        yield images[0]!.file;
        for (;;) {
          const pieces = never();
          const give = pieces.return.bind(pieces);
          pieces.return = (value) => {
            closed.inputs++;
            return give(value);
          };
          yield pieces;
        }
      } finally {
        closed.source = true;
      }
    }
    return { inputs: inputs(), closed };
  }

  it("by break: what is in work is cancelled and the source closed", async () => {
    const { inputs, closed } = source();
    for await (const { result } of hashImages(inputs, { concurrency: 4 })) {
      expect(result!.hash).toBe(images[0]!.hash);
      for (let i = 0; i < 10; i++) await turn();
      break;
    }
    expect(closed.source).toBe(true);
    await turn();
    expect(closed.inputs).toBeGreaterThan(0);
  });

  it("by an error of the consumer's own", async () => {
    const { inputs, closed } = source();
    const mine = new Error("mine");
    const loop = async (): Promise<void> => {
      for await (const _ of hashImages(inputs)) throw mine;
    };
    await expect(loop()).rejects.toBe(mine);
    expect(closed.source).toBe(true);
  });

  it("from a synchronous source", async () => {
    let closed = false;
    function* inputs(): Generator<ImageInput> {
      try {
        for (;;) yield images[0]!.file;
      } finally {
        closed = true;
      }
    }
    for await (const _ of hashImages(inputs())) break;
    expect(closed).toBe(true);
  });

  it("by abort, half-way: throws the reason, promptly and once", async () => {
    const { inputs, closed } = source();
    const controller = new AbortController();
    const reason = new Error("enough");
    const results = hashImages(inputs, { concurrency: 3, signal: controller.signal });
    expect((await results.next()).value).toMatchObject({ index: 0 });
    const next = results.next();
    setImmediate(() => controller.abort(reason));
    await expect(next).rejects.toBe(reason);
    await turn();
    expect(closed.source).toBe(true);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it("by a signal that was aborted before: the source is not even opened", async () => {
    const reason = new Error("before");
    let opened = false;
    const inputs = {
      [Symbol.iterator]: () => {
        opened = true;
        return [][Symbol.iterator]();
      },
    };
    await expect(hashImages(inputs, { signal: AbortSignal.abort(reason) }).next()).rejects.toBe(reason);
    expect(opened).toBe(false);
  });

  it("by abort while the source itself keeps silent", async () => {
    const controller = new AbortController();
    const silent: AsyncIterable<ImageInput> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}), return: () => new Promise(() => {}) }),
    };
    const next = hashImages(silent, { signal: controller.signal }).next();
    setImmediate(() => controller.abort());
    await expect(next).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("a source that fails", () => {
  const mine = new Error("the list ends here");

  it("is thrown after the results of what it gave", async () => {
    async function* inputs(): AsyncGenerator<ImageInput> {
      yield images[0]!.file;
      yield images[1]!.file;
      throw mine;
    }
    const results = hashImages(inputs(), { concurrency: 4 });
    const got: number[] = [];
    const loop = async (): Promise<void> => {
      for await (const { index, result } of results) {
        expect(result!.hash).toBe(images[index]!.hash);
        got.push(index);
      }
    };
    await expect(loop()).rejects.toBe(mine);
    expect(got.sort()).toEqual([0, 1]);
  });

  it("even when it cannot be opened or closed", async () => {
    const unopened = {
      [Symbol.iterator]: (): Iterator<ImageInput> => {
        throw mine;
      },
    };
    await expect(hashImages(unopened).next()).rejects.toBe(mine);
    const unclosed = {
      [Symbol.iterator]: (): Iterator<ImageInput> => ({
        next: () => ({ done: false, value: images[0]!.file }),
        return: () => {
          throw mine;
        },
      }),
    };
    const loop = async (): Promise<void> => {
      for await (const _ of hashImages(unclosed)) break;
    };
    await expect(loop()).rejects.toBe(mine);
  });
});

describe("arguments are checked at the call", () => {
  it.each([
    ["concurrency 0", [], { concurrency: 0 }],
    ["half an image at a time", [], { concurrency: 1.5 }],
    ["an unknown option", [], { parallel: 2 }],
    ["a name, which would be the same for all", [], { name: "x" }],
    ["a limit", [], { maxPages: 0 }],
    ["a path instead of a list", "photo.jpg", {}],
    ["nothing", undefined, {}],
    ["a number", 7, {}],
    ["no iterable", {}, {}],
    ["the bytes of one image", Buffer.from("bytes"), {}],
    ["what pretends to be bytes", Object.create(Uint8Array.prototype), {}],
  ])("%s", (_, inputs, options) => {
    expect(() => hashImages(inputs as unknown as string[], options as object)).toThrow(InvalidArgumentError);
  });
});

test("limits and options hold for each input", async () => {
  const results = await all(
    hashImages([images[0]!.file, images[1]!.file], { maxPixels: width * height - 1, pages: "all" }),
  );
  expect(results.map(({ error }) => error)).toEqual([expect.any(LimitError), expect.any(LimitError)]);
  const [framed] = await all(hashImages([paths[0]!], { pages: "all" }));
  expect(framed!.result!.frames).toHaveLength(1);
  const [empty] = await all(hashImages([new Uint8Array(0)]));
  expect(empty!.error).toBeInstanceOf(ImageError);
});

test("no inputs, no results", async () => {
  expect(await all(hashImages([]))).toEqual([]);
});
