/** The decoder processes of this program. As many run as tasks run at a time, which `decode-slots.ts` limits. */
import type { Confined } from "../../processes/confinement.js";
import { DecoderProcess } from "./decoder-process.js";
import type { Message, MessageLimits } from "./messages.js";

/**
 * After so many images a process is replaced, whatever it has kept of them. To start and warm up a process takes as
 * long as some 100 images of a megapixel, so that replacing it costs less than 3 %.
 */
const mostImages = 4000;

const idle: DecoderProcess[] = [];

/** Runs a task in a process that nothing else uses meanwhile. Throws as `DecoderProcess.run` does. */
export async function runInPool(
  head: object,
  bytes: Uint8Array,
  limits: MessageLimits,
  signal: AbortSignal,
): Promise<Message> {
  let decoder = idle.pop();
  while (decoder !== undefined && !decoder.usable) decoder = idle.pop();
  decoder ??= await DecoderProcess.start(signal);
  try {
    const message = await decoder.run(head, bytes, limits, signal);
    if (decoder.usable && decoder.done < mostImages) idle.push(decoder);
    else decoder.end();
    return message;
  } catch (error) {
    decoder.end();
    throw error;
  }
}

/** Starts a process, and answers which parts of its confinement the operating system enforces on it. */
export async function confinedDecoder(): Promise<Confined> {
  const decoder = await DecoderProcess.start(new AbortController().signal);
  decoder.end();
  return decoder.confined;
}
