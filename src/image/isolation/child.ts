/**
 * The program of a decoder process. It reads a request at a time from its standard input, decodes and hashes, and
 * writes the answer to its standard output. It opens no file but those of this package and its decoders, and ends when
 * its input ends.
 */
import { EmpreinteError, LimitError } from "../../errors.js";
import { withDecoded } from "../decode/decoded.js";
import { hardenDecoder } from "../decode/decoder.js";
import { tuneProcess } from "../decode/tune-process.js";
import { hashPages } from "../hash-pages.js";
import { previewPixels } from "../preview.js";
import { reducedPixels } from "../reduce-image.js";
import { samplesOfPage } from "../samples.js";
import { type Message, MessageReader, writeMessage } from "./messages.js";
import { arrayName, type Request, type Task } from "./task.js";

type Decoding = Parameters<typeof hashPages>[0];

function perform(task: Task, decoding: Decoding): Promise<object> {
  if (task.kind === "hash") return hashPages(decoding, task);
  if (task.kind === "samples") return samplesOfPage(decoding, task);
  if (task.kind === "reduce") return reducedPixels(decoding, task.side);
  return previewPixels(decoding);
}

async function answer({ head, bytes }: Message): Promise<void> {
  const { task, format, name, limits } = head as Request;
  const options = { limits: { ...limits, isolation: "none" as const }, task };
  try {
    const made = await withDecoded({ name, bytes, format }, options, undefined, (one) => perform(task, one));
    const key = arrayName[task.kind];
    if (key === undefined) return writeMessage(process.stdout, { answer: made });
    const { [key]: array, ...rest } = made as Record<string, Uint8Array | Uint8ClampedArray>;
    const view = new Uint8Array(array!.buffer, array!.byteOffset, array!.byteLength);
    writeMessage(process.stdout, { answer: rest }, view);
  } catch (error) {
    if (!(error instanceof EmpreinteError)) throw error;
    const { code, message } = error;
    writeMessage(process.stdout, {
      error: { code, message, ...(error instanceof LimitError && { limit: error.limit }) },
    });
  }
}

hardenDecoder();
tuneProcess();
// Everything that it always needs is loaded now.
writeMessage(process.stdout, { ready: true });
const reader = new MessageReader({ headBytes: 2 ** 20, bytes: 2 ** 47 });
for await (const chunk of process.stdin) {
  for (const message of reader.push(chunk as Uint8Array)) await answer(message);
}
