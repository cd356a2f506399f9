/**
 * What a decoder process does with an image: one of four tasks. Its answer is an object with at most one array of
 * bytes, of samples or pixels, which travels beside the JSON.
 */
import type { CheckedHashOptions } from "../../hash/options.js";
import type { Limits } from "../../limits.js";
import type { ImageFormat } from "../input/sniff.js";

/** A task, as the caller names it. */
export type Task =
  | { kind: "hash"; hash: CheckedHashOptions; all: boolean }
  | { kind: "samples"; hash: CheckedHashOptions; page?: number }
  | { kind: "preview" }
  | { kind: "reduce"; side: number };

/** The head of the message that starts a task. Its bytes are the encoded image. */
export interface Request {
  task: Task;
  format: ImageFormat;
  name: string;
  limits: Required<Limits>;
}

/** The head of the message that answers. Its bytes are those of the answer, of the kind that `array` names. */
export type Answer =
  | { answer: object; array?: "Uint8Array" | "Uint8ClampedArray"; error?: undefined }
  | { error: { code: string; message: string; limit?: string } };

/** The name of the property that holds the bytes of an answer. */
export const arrayName: Readonly<Record<Task["kind"], string | undefined>> = {
  hash: undefined,
  samples: "data",
  preview: "pixels",
  reduce: "pixels",
};
