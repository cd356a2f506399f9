import type { ImageHash } from "../../index.js";
import { hashImages, type ImageInput } from "../../index.js";
import type { Readable } from "node:stream";
import { inputOf } from "./outcome.js";
import type { Found } from "./files/walk.js";

export type HashSettings = NonNullable<Parameters<typeof hashImages>[1]>;

/** An answer for the file of that number, from 0. */
export type Answer<R> = { index: number } & ({ result: R; error?: undefined } | { error: Error });

/** Answers for images, in any order. */
export type ImageWork<R> = (files: AsyncIterable<Found>, signal: AbortSignal) => AsyncIterable<Answer<R>>;

/** Hashes images, several at a time. */
export function hashWork<R>(settings: HashSettings, stdin: Readable, use: (hash: ImageHash) => R): ImageWork<R> {
  return async function* (files, signal) {
    const away = new Map<number, Found>();
    let count = 0;
    async function* inputs(): AsyncGenerator<ImageInput> {
      for await (const file of files) {
        away.set(count++, file);
        yield inputOf(file, stdin);
      }
    }
    for await (const done of hashImages(inputs(), { ...settings, signal })) {
      const { index, error } = done;
      if (done.result?.furtherPages) away.get(index)!.furtherPages = true;
      away.delete(index);
      yield error ? { index, error } : { index, result: use(done.result) };
    }
  };
}

/** Works on at most `most` images at a time. An answer is handed over while the next file is still awaited. */
export function someAtATime<R>(most: number, work: (file: Found) => Promise<R>): ImageWork<R> {
  return async function* (files, signal) {
    const iterator = files[Symbol.asyncIterator]();
    const away = new Map<number, Promise<Answer<R>>>();
    let next: Promise<IteratorResult<Found>> | undefined;
    let count = 0;
    let ended = false;
    while (!ended || away.size > 0) {
      if (!ended && away.size < most) next ??= iterator.next();
      const first = await Promise.race([...(next === undefined ? [] : [next]), ...away.values()]);
      signal.throwIfAborted();
      if ("index" in first) {
        away.delete(first.index);
        yield first;
        continue;
      }
      next = undefined;
      if (first.done === true) ended = true;
      else {
        const index = count++;
        const done = work(first.value).then(
          (result): Answer<R> => ({ index, result }),
          (error: unknown): Answer<R> => ({ index, error: error as Error }),
        );
        away.set(index, done);
      }
    }
  };
}
