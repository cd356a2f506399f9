import type { Samples } from "../image/samples.js";
import { withCancelToken } from "../native/abort.js";
import type { LocalQueryHandle } from "../native/binding/local.js";
import { kernelName } from "../native/kernel.js";
import { native } from "../native/load.js";

/** The forms of a descriptor, in the order of the core. */
const forms = { plain: 0, mirrored: 1, negative: 2, mirroredNegative: 3 } as const;

/** How many numbers the core gives for a place: x, y, sigma and angle. */
const numbersPerPlace = 4;
/** Points that are nearer than this many sigmas are one place. */
const apart = 1.5;

/** The descriptors of a query in both handednesses, 32 bytes for each point. */
export interface QueryDescriptors {
  plain: Uint8Array;
  mirrored: Uint8Array;
}

/** The local points of one query image. */
export class QueryPoints implements Disposable {
  readonly handle: LocalQueryHandle;
  /** For each point the number of its place. Several points may be in one. */
  readonly placeOf: Uint32Array;

  private constructor(handle: LocalQueryHandle) {
    this.handle = handle;
    this.placeOf = numberPlaces(native.localQueryPlaces(handle));
  }

  /** Extracts the points. It reads the samples in place. */
  static async of(
    { data, width, height, channels }: Omit<Samples, "hash">,
    signal: AbortSignal | undefined,
  ): Promise<QueryPoints> {
    const pixels = { data, width, height, channels, stride: width * channels };
    const kernel = kernelName(undefined);
    return new QueryPoints(
      await withCancelToken(signal, (cancel) => native.createLocalQuery(pixels, { kernel }, cancel)),
    );
  }

  /** How many points the image has. */
  get count(): number {
    return this.placeOf.length;
  }

  /** The descriptors of the image as it is, or of its negative. */
  descriptors(negative: boolean): QueryDescriptors {
    return {
      plain: native.localQueryDescriptors(this.handle, negative ? forms.negative : forms.plain),
      mirrored: native.localQueryDescriptors(this.handle, negative ? forms.mirroredNegative : forms.mirrored),
    };
  }

  /** Frees the points now. */
  [Symbol.dispose](): void {
    native.closeLocalQuery(this.handle);
  }
}

/**
 * Numbers the places: a point has the number of the first one that is as near to it as 1.5 of the smaller sigma. A
 * point with two orientations, or found at two sizes, is one place.
 */
export function numberPlaces(places: Float32Array): Uint32Array {
  const count = places.length / numbersPerPlace;
  const number = Uint32Array.from({ length: count }, (_, i) => i);
  const x = (i: number): number => places[numbersPerPlace * i]!;
  const y = (i: number): number => places[numbersPerPlace * i + 1]!;
  const sigma = (i: number): number => places[numbersPerPlace * i + 2]!;
  const byX = Array.from(number).sort((a, b) => x(a) - x(b) || a - b);
  for (let at = 0; at < count; at++) {
    const a = byX[at]!;
    // Whatever is farther across than 1.5 of this sigma is farther than 1.5 of the smaller one.
    for (let next = at + 1; next < count && x(byX[next]!) - x(a) < apart * sigma(a); next++) {
      const b = byX[next]!;
      const within = apart * Math.min(sigma(a), sigma(b));
      if (Math.hypot(x(a) - x(b), y(a) - y(b)) >= within) continue;
      const first = Math.min(number[a]!, number[b]!);
      number[a] = first;
      number[b] = first;
    }
  }
  return number;
}
