/** What the page and its worker say to each other. */
import type { FileSettings } from "../decode/hash-file.js";
import type { ErrorCode } from "../errors.js";
import type { ImageHash, PixelHash, RawPixels } from "../results.js";
import type { VideoHash, VideoSettings } from "../video/types.js";

/** The URLs of the files that the worker loads. */
export interface Places {
  /** empreinte.wasm, the core without SIMD. */
  plain: string;
  /** empreinte-simd.wasm, the core with SIMD. */
  simd: string;
  /** The URL of webp_dec.wasm, which is libwebp. */
  libwebp: string;
  /** The URL of libheif.mjs. */
  libheif: string;
  /** The URL of video.js, the demuxer. */
  video: string;
}

export type Task =
  /** `life` names the lock that the worker holds for as long as it lives. */
  | { kind: "start"; places: Places; life: string }
  | { kind: "image"; file: Blob; settings: FileSettings }
  | { kind: "pixels"; pixels: RawPixels; orientations: boolean }
  | { kind: "video"; file: Blob; settings: VideoSettings };

export interface Request {
  id: number;
  task: Task;
}

/** What a started worker says of itself. */
export interface Started {
  simd: boolean;
}

export type Answer = Started | ImageHash | PixelHash | VideoHash;

export type Reply =
  | { id: number; progress: number }
  /** `heavy`: it has taken much memory, so it should be ended before the next file. */
  | { id: number; answer: Answer; heavy: boolean }
  | { id: number; failed: { code: ErrorCode; message: string }; broken: boolean };
