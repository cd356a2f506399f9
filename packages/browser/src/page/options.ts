import type { CropLevel } from "../core/crops.js";
import type { FileSettings } from "../decode/hash-file.js";
import { HashError } from "../errors.js";
import { defaultLimits, type Limits } from "../results.js";
import type { VideoSettings } from "../video/types.js";

export interface HashOptions extends Limits {
  /** True to also compute the hashes of the other seven orientations. Default false. */
  orientations?: boolean;
  /**
   * Also hash crops of the image: at most 24 with `"standard"`, 60 with `"thorough"`. They find copies of which a part
   * was cut off, and describe the image better. Default `"none"`.
   */
  crops?: CropLevel;
  /** Ends the work at once. The promise rejects with its reason. */
  signal?: AbortSignal;
  /** Hears how far a file is, 0 … 1. */
  onProgress?: (share: number) => void;
}

export interface VideoOptions {
  /** Which frames: the first one at or after each 1/fps seconds. Default `{ fps: 1 }`. */
  sampling?: { fps: number };
  /** True to also compute the hashes of the other seven orientations of each frame. Default false. */
  orientations?: boolean;
  /** Most bytes of the file. Default 4 GiB. */
  maxBytes?: number;
  /** Most frames that are hashed. Default 10,000. */
  maxFrames?: number;
  /** Ends the work at once. The promise rejects with its reason. */
  signal?: AbortSignal;
  /** Hears how far the video is, 0 … 1. */
  onProgress?: (share: number) => void;
}

const invalid = (name: string, expected: string): HashError =>
  new HashError("ERR_EMPREINTE_INVALID_ARGUMENT", `Expected ${expected} for ${name}.`);

function atMost(name: string, value: unknown, usual: number): number {
  if (value === undefined) return usual;
  if (typeof value === "number" && value >= 1 && Number.isSafeInteger(value)) return value;
  throw invalid(name, "a whole number above 0");
}

function flag(name: string, value: unknown): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw invalid(name, "true or false");
}

export function checkFile(file: unknown): Blob {
  if (file instanceof Blob) return file;
  throw invalid("file", "a File or Blob");
}

/** @throws {HashError} `ERR_EMPREINTE_INVALID_ARGUMENT` for an option that does not fit. */
export function imageSettings(options: HashOptions): FileSettings {
  const { crops = "none" } = options;
  if (!["none", "standard", "thorough"].includes(crops)) throw invalid("crops", '"none", "standard" or "thorough"');
  return {
    orientations: flag("orientations", options.orientations),
    crops,
    maxBytes: atMost("maxBytes", options.maxBytes, defaultLimits.maxBytes),
    maxPixels: atMost("maxPixels", options.maxPixels, defaultLimits.maxPixels),
  };
}

/** @throws {HashError} `ERR_EMPREINTE_INVALID_ARGUMENT` for an option that does not fit. */
export function videoSettings(options: VideoOptions): VideoSettings {
  const fps: unknown = options.sampling?.fps ?? 1;
  if (typeof fps !== "number" || !(fps > 0 && fps <= 1000))
    throw invalid("sampling.fps", "a number above 0 and up to 1000");
  return {
    every: 1 / fps,
    orientations: flag("orientations", options.orientations),
    maxBytes: atMost("maxBytes", options.maxBytes, 2 ** 32),
    maxFrames: atMost("maxFrames", options.maxFrames, 10_000),
  };
}
