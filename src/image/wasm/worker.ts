/** The program of a decoder's thread. It has one image open, of which it decodes a page at a time. */
import { parentPort } from "node:worker_threads";
import { EmpreinteError } from "../../errors.js";
import { boxAt } from "../formats/boxes.js";
import { openHeif } from "./heif.js";
import { openMagick } from "./magick.js";
import { type Answer, type Decoder, DecoderFailure, type Failure, isTrap, type Question } from "./messages.js";

let open: Decoder | undefined;

/**
 * Returns the images of a HEIC, and behind them the frames of its sequence where all are wanted, or where there is
 * nothing else.
 */
async function openHeic({ bytes, all, maxPages }: Question & { kind: "open" }): Promise<Decoder> {
  const hasSequence = boxAt(bytes, ["moov"]) !== undefined;
  const hasStills = boxAt(bytes, ["meta"]) !== undefined;
  if (!hasStills) return openMagick("heic", bytes, all ? maxPages + 1 : 1);
  const stills = openHeif(bytes, all);
  if (!hasSequence || !all) return stills;
  try {
    const frames = await openMagick("heic", bytes, maxPages + 1);
    const { pages, primary } = stills.opened;
    return {
      opened: { pages: [...pages, ...frames.opened.pages], primary },
      page: (page) => (page < pages.length ? stills.page(page) : frames.page(page - pages.length)),
      close: () => {
        stills.close();
        frames.close();
      },
    };
  } catch (error) {
    stills.close();
    throw error;
  }
}

async function answerTo(question: Question): Promise<Answer> {
  if (question.kind === "page") return open!.page(question.page);
  open?.close();
  open = undefined;
  const { format, bytes, all, maxPages } = question;
  open = format === "heic" ? await openHeic(question) : await openMagick(format, bytes, all ? maxPages + 1 : 1);
  return open.opened;
}

function failureOf(error: unknown): Failure {
  if (error instanceof DecoderFailure) return { failed: error.failed, why: error.message };
  const why = error instanceof Error ? error.message : String(error);
  if (error instanceof EmpreinteError) return { failed: "package", why };
  if (error instanceof RangeError) return { failed: "memory", why };
  return { failed: "broken", why: isTrap(error) ? `its decoder failed (${why})` : why };
}

parentPort!.on("message", (question: Question) => {
  void (async () => {
    let answer: Answer;
    try {
      answer = await answerTo(question);
    } catch (error) {
      answer = failureOf(error);
    }
    // The memory of the samples moves with the message, unless a decoder shares it.
    const own = "data" in answer && answer.data.byteLength === answer.data.buffer.byteLength;
    parentPort!.postMessage(answer, own ? [(answer as { data: Uint8Array<ArrayBuffer> }).data.buffer] : []);
  })();
});
