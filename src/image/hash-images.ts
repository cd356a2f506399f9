import { onAbort } from "../on-abort.js";
import { availableParallelism } from "node:os";
import { integer, invalidArgument, checkOptions, checkSignal } from "../check.js";
import { hashChecked } from "./hash-image.js";
import type { ImageHash } from "./hash-pages.js";
import type { ImageInput } from "./input/input.js";
import { type CheckedImageOptions, checkImageOptions, hashImageOptionNames, type HashImageOptions } from "./options.js";

/** Options of `hashImages`. */
export interface HashImagesOptions extends Omit<HashImageOptions, "name"> {
  /** How many images are hashed at a time, 1 … 1,024. Default 4, or the number of processors if that is less. */
  concurrency?: number;
}

/** The outcome for one input: a result or an error, never both. */
export type HashedImage<Input> =
  | {
      input: Input;
      /** The position of the input in the iterable, from 0. */
      index: number;
      result: ImageHash;
      error?: undefined;
    }
  | { input: Input; index: number; error: Error; result?: undefined };

const optionNames = [...hashImageOptionNames.filter((name) => name !== "name"), "concurrency"];

interface Run {
  options: CheckedImageOptions;
  concurrency: number;
  signal: AbortSignal | undefined;
}

async function* run<Input extends ImageInput>(
  open: () => Iterator<Input> | AsyncIterator<Input>,
  { options, concurrency, signal }: Run,
): AsyncGenerator<HashedImage<Input>, void, undefined> {
  const finished: HashedImage<Input>[] = [];
  const stop = new AbortController();
  let inFlight = 0;
  let index = 0;
  let pulling = false;
  let exhausted = false;
  let failure: { error: unknown } | undefined;
  let wake = (): void => {};
  signal?.throwIfAborted();
  const iterator = open();

  const hash = async (input: Input, position: number): Promise<void> => {
    try {
      finished.push({ input, index: position, result: await hashChecked(input, options, stop.signal) });
    } catch (error) {
      finished.push({ input, index: position, error: error instanceof Error ? error : new Error(String(error)) });
    }
    wake();
  };
  const pull = async (): Promise<void> => {
    pulling = true;
    try {
      const next = await iterator.next();
      if (next.done) exhausted = true;
      else if (!stop.signal.aborted) {
        inFlight++;
        void hash(next.value, index++);
      }
    } catch (error) {
      exhausted = true;
      failure = { error };
    }
    pulling = false;
    wake();
  };
  const abort = (): void => {
    stop.abort(signal?.reason);
    wake();
  };

  const forget = onAbort(signal, abort);
  try {
    for (;;) {
      signal?.throwIfAborted();
      if (!pulling && !exhausted && inFlight < concurrency) void pull();
      const next = finished.shift();
      if (next !== undefined) {
        inFlight--;
        yield next;
      } else if (exhausted && inFlight === 0) {
        // All results were delivered.
        if (failure !== undefined) throw failure.error;
        return;
      } else {
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
  } finally {
    forget();
    stop.abort();
    if (!exhausted) {
      const closed = (async () => iterator.return?.())();
      // A generator's return() waits for its pending next(), which may never come, and an abort must not wait. An error
      // while closing is then of no use to anybody.
      if (pulling || signal?.aborted) void closed.catch(() => {});
      else await closed;
    }
  }
}

const TypedArray = Object.getPrototypeOf(Uint8Array) as new () => object;
const isTypedArray = (value: object): boolean => value instanceof TypedArray;

/**
 * Hashes many images, `concurrency` at a time, and yields each result as soon as it is ready, so they may come in
 * another order. An input that fails yields a value with an `error`, and the others continue.
 *
 * At most `concurrency` inputs are held, and the next one is pulled only when a result is, so memory does not grow with
 * their number. Leaving the loop cancels the running work and closes the iterable. When `signal` is aborted, the loop
 * throws its reason. An error of the iterable itself is thrown after the results of the inputs before it.
 *
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`, at the call, for an option that does not fit.
 *
 * @example
 * for await (const { input, result, error } of hashImages(paths)) {
 *   if (error) console.error(error.message);
 *   else console.log(result.hash, input);
 * }
 */
export function hashImages<Input extends ImageInput>(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  options?: HashImagesOptions,
): AsyncGenerator<HashedImage<Input>, void, undefined> {
  const given = checkOptions(options, optionNames) as HashImagesOptions;
  const { concurrency = Math.min(4, availableParallelism()) } = given;
  const checked = {
    options: checkImageOptions(given),
    concurrency: integer("concurrency", concurrency, 1, 1024),
    signal: checkSignal(given.signal),
  };
  // The bytes of one image are iterable, too: their numbers are no images.
  if (typeof inputs === "object" && inputs !== null && !isTypedArray(inputs)) {
    if (Symbol.asyncIterator in inputs) return run(() => inputs[Symbol.asyncIterator](), checked);
    if (Symbol.iterator in inputs) return run(() => inputs[Symbol.iterator](), checked);
  }
  throw invalidArgument("inputs", "iterable or async iterable", inputs);
}
