import { parentPort } from "node:worker_threads";
import { altered, attacksNamed } from "../attacks/suite.js";
import type { Image } from "../draw/image.js";
import { readWholeFile } from "../../files/read-file.js";
import { defaultLimits } from "../../limits.js";
import { generated } from "../generated/generated.js";
import type { Answer, Job, Source } from "./pool.js";
import { decoded, jpeg, oneThread } from "../sharp.js";

/** Makes altered and generated images, one at a time, on a thread of its own. */

const read = (path: string): Promise<Uint8Array> => readWholeFile(path, defaultLimits.maxBytes);

/** The last image that was decoded: the attacks on one original follow each other. */
let last: { name: string; image: Image } | undefined;

async function imageOf(source: Source): Promise<Image> {
  const name = "path" in source ? source.path : `${source.kind} ${source.number}`;
  if (last?.name === name) return last.image;
  const image =
    "path" in source
      ? await decoded(await read(source.path))
      : await generated(source.kind, source.number, source.seed);
  last = { name, image };
  return image;
}

async function done({ source, attack, seed, key }: Job): Promise<Uint8Array> {
  const image = await imageOf(source);
  if (attack !== undefined) return altered(image, attacksNamed([attack])[0]!, seed, key);
  return "path" in source ? read(source.path) : jpeg(image, 90);
}

oneThread();
parentPort!.on("message", (message: { id: number; job: Job } | "end") => {
  if (message === "end") {
    parentPort!.close();
    return;
  }
  done(message.job).then(
    // A copy: sharp's buffer may share its memory with others.
    (bytes) => parentPort!.postMessage({ id: message.id, bytes: new Uint8Array(bytes) } satisfies Answer),
    (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      parentPort!.postMessage({ id: message.id, reason } satisfies Answer);
    },
  );
});
