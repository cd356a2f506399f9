/** Pixels to hashes, and hashes as values. */
import type { CancelHandle } from "./handle.js";
import type { NativePixels } from "./pixels.js";

/** An implementation of the core for one instruction set. */
export interface NativeKernel {
  name: string;
  /** The instructions that it needs, for a person. */
  instructions: string;
  /** Whether this processor can run it. */
  supported: boolean;
}

/** Absent and undefined options have their default. Two channels, 16 bits and CMYK need rows without gaps. */
export interface NativeHashOptions {
  /** Bits of a sample. Default 8. */
  depth?: 8 | 16;
  /** The four channels are CMYK, 255 being full ink. Default false. */
  cmyk?: boolean;
  /** 0 auto, 1 exact, 2 fast. Default 0. */
  method?: number;
  /** 0 none, 1 cpp-cli. Default 0. */
  compat?: number;
  /** Also return the hashes of all eight orientations. Default false. */
  orientations?: boolean;
  /** The name of a kernel. Default: the best that this processor runs. */
  kernel?: string | undefined;
}

export interface NativeHash {
  /** The hash as 64 lower-case hex digits. */
  hash: string;
  /** The quality of the hash, 0 … 100. */
  quality: number;
  stable: boolean;
  /** 0 none (a side is below 5 pixels), 1 exact, 2 fast, 3 fast and then exact. */
  methodUsed: number;
  /** With the option `orientations`: eight hashes in the order of `orientationNames`. */
  orientations?: string[];
}

export interface HashFunctions {
  kernels(): NativeKernel[];
  hashSync(pixels: NativePixels, options?: NativeHashOptions): NativeHash;
  /** `owned`: nobody else holds the buffer, so it is read, and repacked, in place. Otherwise it is copied first. */
  hash(
    pixels: NativePixels,
    options: (NativeHashOptions & { owned?: boolean }) | undefined,
    cancel: CancelHandle | undefined,
  ): Promise<NativeHash>;
  /** Parses hex or base64 into 32 bytes. */
  parseHash(text: string): Uint8Array;
  /** Returns how many bits of two hashes differ, 0 … 256. */
  distance(a: Uint8Array, b: Uint8Array): number;
  /** Returns a sentence that says why the hash would match unrelated images, or undefined for an ordinary hash. */
  trivialReason(hash: Uint8Array): string | undefined;
}
