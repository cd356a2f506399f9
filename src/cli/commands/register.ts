import { availableParallelism } from "node:os";
import { hardenDecoder, hashImage, type ImageInput, hashWithCrops, type CropHashes } from "../../index.js";
import { cropListLines } from "../../doors/lists.js";
import { parse, UsageError } from "../args.js";
import { eachPicture, endStatus, fileOptions, fileSettings } from "../io/files.js";
import { jsonPath, type Path, shownPath } from "../io/names.js";
import { OutFile } from "../io/out-file.js";
import { limitsOf } from "./scan/scan-copies.js";
import type { Session } from "../io/session.js";

const { "all-pages": _, "max-pages": __, ...pictureOptions } = fileOptions;
const options = {
  ...pictureOptions,
  level: { type: "string" },
  derived: { type: "boolean" },
  metadata: { type: "string" },
  output: { type: "string", short: "o" },
} as const;

type Level = "standard" | "thorough";

function levelOf(values: { level?: string; derived?: boolean }): Level {
  const { level = "standard", derived = false } = values;
  if (level !== "standard" && level !== "thorough") {
    throw new UsageError(`Expected standard or thorough for --level but received ${level}`);
  }
  if (values.level !== undefined && !derived) throw new UsageError("Expected --derived beside --level");
  return level;
}

type Done<R> = { index: number } & ({ result: R; error?: undefined } | { error: Error });

/** Some at a time. The next is not waited for while one is done: it may be waiting for that one to be taken. */
async function* someAtATime<R>(
  files: AsyncIterable<ImageInput>,
  most: number,
  work: (file: ImageInput) => Promise<R>,
  signal: AbortSignal,
): AsyncGenerator<Done<R>, void, undefined> {
  const iterator = files[Symbol.asyncIterator]();
  const away = new Map<number, Promise<Done<R>>>();
  let next: Promise<IteratorResult<ImageInput>> | undefined;
  let count = 0;
  let ended = false;
  while (!ended || away.size > 0) {
    if (!ended && away.size < most) next ??= iterator.next();
    const first = await Promise.race([...(next === undefined ? [] : [next]), ...away.values()]);
    signal.throwIfAborted();
    if ("index" in first) {
      away.delete(first.index);
      yield first;
      continue;
    }
    next = undefined;
    if (first.done === true) ended = true;
    else {
      const index = count++;
      const done = work(first.value).then(
        (result): Done<R> => ({ index, result }),
        (error: unknown): Done<R> => ({ index, error: error as Error }),
      );
      away.set(index, done);
    }
  }
}

/** Why a picture is not to be listed: its hash would match others. */
function unfit({ quality, stable }: CropHashes): "quality" | "unstable" | undefined {
  if (quality < 50) return "quality";
  return stable ? undefined : "unstable";
}

/** A name has no line break here; and one that looks like the mark of a derived line is not taken for one. */
const metadataOf = (path: Path): string => shownPath(path).replaceAll(";crop=", "; crop=");

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, options);
  const { derived = false, metadata, output, quiet = false, json = false } = values;
  const level = levelOf(values);
  if (output === "") throw new UsageError("No FILE is given for -o");
  if (metadata !== undefined) cropListLines({ hash: "0".repeat(64), quality: 0, stable: true, crops: [] }, metadata);
  if (positionals.length === 0) throw new UsageError("No path is given");
  const settings = fileSettings(values);
  const limits = limitsOf(settings);
  hardenDecoder();
  const most = settings.concurrency ?? Math.min(4, availableParallelism());
  const { signal } = session;
  const one = async (input: ImageInput): Promise<CropHashes> => {
    if (derived) return hashWithCrops(input, { ...limits, level, signal });
    return { ...(await hashImage(input, { ...limits, signal })), crops: [] };
  };
  const file = output === undefined || output === "-" ? undefined : await OutFile.open(output);
  const print = async (line: string): Promise<void> => {
    if (file === undefined) await session.line(line);
    else await file.write(`${line}\n`);
  };
  let pictures = 0;
  let parts = 0;
  let refused = false;
  const found = async (path: Path, registration: CropHashes): Promise<void> => {
    const { hash, quality, stable } = registration;
    const skipped = unfit(registration);
    if (skipped !== undefined) {
      refused = true;
      const why = skipped === "quality" ? `quality ${quality} is below 50` : "the hash is rounding noise";
      session.note(`${shownPath(path)}: ${why}: it would match unrelated pictures, and is left out`);
    } else {
      pictures++;
      parts += registration.crops.length;
    }
    if (json) {
      const more = skipped === undefined ? { ...(derived && { derived: registration.crops }) } : { skipped };
      await print(JSON.stringify({ ...jsonPath(path), hash, quality, stable, ...more }));
    } else if (skipped === undefined) {
      const lines = cropListLines(registration, metadata ?? metadataOf(path), { derived });
      for (const line of lines) await print(line);
    }
  };
  try {
    // What goes wrong is not for the list.
    const told = { ...values, json: json && file === undefined };
    const work = (files: AsyncIterable<ImageInput>): AsyncIterable<Done<CropHashes>> =>
      someAtATime(files, most, one, signal);
    const { trouble } = await eachPicture(positionals, told, session, work, found);
    // What Ctrl-C left is no list.
    if (signal.aborted) return endStatus(trouble || refused, false);
    await file?.done();
    if (!quiet) {
      const made = derived
        ? `with ${parts.toLocaleString("en")} hashes of their parts: keep them to yourself`
        : "without the hashes of their parts, which --derived adds";
      session.note(`${pictures.toLocaleString("en")} ${pictures === 1 ? "picture" : "pictures"}, ${made}`);
    }
    return endStatus(trouble || refused, false);
  } finally {
    await file?.drop();
  }
}
