/** Decoding an image in another process, which a decoder's fault cannot leave and which is killed at the time limit. */
import { type EmpreinteError, type ErrorCode, ImageError, LimitError, printable } from "../../errors.js";
import type { Content } from "../input/byte-collector.js";
import { DecoderEnded } from "./decoder-process.js";
import type { Message } from "./messages.js";
import { runInPool } from "./pool.js";
import { type Answer, arrayName, type Request, type Task } from "./task.js";

/** Bytes of an answer for each page: eight hashes as JSON. */
const pageBytes = 1024;

/** The codes that a decoder process may answer. */
const imageCodes: readonly ErrorCode[] = [
  "ERR_EMPREINTE_EMPTY",
  "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
  "ERR_EMPREINTE_CORRUPT",
  "ERR_EMPREINTE_OUT_OF_MEMORY",
  "ERR_EMPREINTE_NATIVE_LOAD",
];

/**
 * Decodes an image in another process and answers what the task makes of it.
 * @throws {ImageError} as decoding here does; `ERR_EMPREINTE_CORRUPT` when the image crashes its decoder.
 * @throws {LimitError} The signal's reason.
 */
export async function decodeIsolated<T>(
  { name, bytes, format }: Content,
  { task, limits }: Pick<Request, "task" | "limits">,
  signal: AbortSignal,
): Promise<T> {
  const { maxPixels, maxPages } = limits;
  const most = { headBytes: 4096 + pageBytes * maxPages, bytes: task.kind === "hash" ? 0 : 4 * maxPixels + 4096 };
  let message: Message;
  try {
    message = await runInPool({ task, format, name, limits } satisfies Request, bytes, most, signal);
  } catch (error) {
    if (!(error instanceof DecoderEnded)) throw error;
    const text = `${name} ended the process that decoded it (${printable(error.message)})`;
    throw new ImageError("ERR_EMPREINTE_CORRUPT", text, { cause: error });
  }
  return answerOf<T>(task, name, message);
}

function answerOf<T>(task: Task, name: string, { head, bytes }: Message): T {
  const given = head as Partial<Answer> | null;
  if (given?.error !== undefined) throw errorOf(given.error);
  const answer = (given as { answer?: unknown } | null)?.answer;
  if (typeof answer === "object" && answer !== null && isAnswer(task, answer, bytes)) {
    const key = arrayName[task.kind];
    const array = key === "pixels" ? new Uint8ClampedArray(bytes) : bytes;
    return (key === undefined ? answer : { ...answer, [key]: array }) as T;
  }
  throw new ImageError("ERR_EMPREINTE_CORRUPT", `${name} made the process that decoded it answer nonsense`);
}

function errorOf({ code, message, limit }: NonNullable<Answer["error"]>): EmpreinteError {
  const text = printable(String(message));
  if (limit !== undefined) return new LimitError(String(limit), text);
  const known = imageCodes.find((one) => one === code) ?? "ERR_EMPREINTE_CORRUPT";
  return new ImageError(known, text);
}

const isHash = (value: unknown): boolean => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

/** Returns whether an answer has the shape that the task promises. What it says of the image is the decoder's word. */
function isAnswer(task: Task, answer: object, bytes: Uint8Array): boolean {
  const { hash, quality, width, height, channels } = answer as Record<string, unknown>;
  if (!isCount(width) || !isCount(height)) return false;
  if (task.kind === "preview" || task.kind === "reduce") return bytes.length === 4 * width * height;
  if (task.kind === "hash") return isHash(hash) && Number.isInteger(quality) && bytes.length === 0;
  const own = hash as Record<string, unknown> | null;
  return isHash(own?.["hash"]) && isCount(channels) && bytes.length === width * height * channels;
}
