import { availableParallelism } from "node:os";
import { cropListLines } from "../../../doors/lists.js";
import { type CropHashes, hardenDecoder, hashImage, hashWithCrops, leastQuality, tuneProcess } from "../../../index.js";
import { eachImage, endStatus, imageLimitsOf } from "../../io/each-file.js";
import type { LimitValues, SelectionValues } from "../../io/file-options.js";
import { someAtATime } from "../../io/image-work.js";
import { jsonPath, jsonText, type Path, shownPath } from "../../io/names.js";
import { OutFile } from "../../io/out-file.js";
import { inputOf } from "../../io/outcome.js";
import { selectionOf } from "../../io/files/selection.js";
import type { Session } from "../../io/session.js";
import type { Found } from "../../io/files/walk.js";
import { counted } from "../../io/counted.js";

/** The command line of `empreinte list create`. */
export interface MakeListInput {
  arguments: { path: string[] };
  options: LimitValues &
    SelectionValues & {
      crops: boolean;
      level: "standard" | "thorough" | undefined;
      metadata: string | undefined;
      output: string | undefined;
      json: boolean;
      quiet: boolean;
    };
}

/** Returns why the image must not be listed: its hash would match others. */
function unfit({ quality, stable }: CropHashes): "quality" | "unstable" | undefined {
  if (quality < leastQuality) return "quality";
  return stable ? undefined : "unstable";
}

/** A path without line breaks, which cannot be taken for the mark of a crop's line. */
const metadataOf = (path: Path): string => shownPath(path).replaceAll(";crop=", "; crop=");

/** What becomes of the images: lines of a list or of JSON, and how many there were. */
class ListPrinter {
  images = 0;
  cropHashes = 0;
  /** An image was left out. */
  refused = false;
  readonly #options: MakeListInput["options"];
  readonly #session: Session;
  readonly #print: (line: string) => Promise<void>;

  constructor(options: MakeListInput["options"], session: Session, print: (line: string) => Promise<void>) {
    this.#options = options;
    this.#session = session;
    this.#print = print;
  }

  readonly add = async (path: Path, hashes: CropHashes): Promise<void> => {
    const { json, crops, metadata } = this.#options;
    const { hash, quality, stable } = hashes;
    const skipped = unfit(hashes);
    if (skipped === undefined) {
      this.images++;
      this.cropHashes += hashes.crops.length;
    } else {
      this.refused = true;
      const why =
        skipped === "quality" ? `Its quality ${quality} is below ${leastQuality}` : "Its hash is rounding noise";
      this.#session.note(`${shownPath(path)}: ${why}. It would match unrelated images, and is left out`);
    }
    if (json) {
      const more = skipped === undefined ? { ...(crops && { crops: hashes.crops }) } : { skipped };
      await this.#print(jsonText({ ...jsonPath(path), hash, quality, stable, ...more }));
    } else if (skipped === undefined) {
      const lines = cropListLines(hashes, metadata ?? metadataOf(path), { crops });
      for (const line of lines) await this.#print(line);
    }
  };

  summary(): string {
    const images = counted(this.images, "image");
    return this.#options.crops
      ? `${images}, with ${counted(this.cropHashes, "hash of a crop")}: keep them to yourself`
      : `${images}, without hashes of crops, which --crops adds`;
  }
}

/** Lists every selected image, on standard output or in a file that appears when it is complete. */
export async function makeList({ arguments: { path }, options }: MakeListInput, session: Session): Promise<number> {
  const { crops, level = "standard", metadata, output, quiet, json } = options;
  // A text that a list cannot hold is refused before anything is read.
  if (metadata !== undefined) cropListLines({ hash: "0".repeat(64), quality: 0, stable: true, crops: [] }, metadata);
  const selection = selectionOf(path, options, session.stdin);
  const limits = imageLimitsOf(options);
  hardenDecoder();
  tuneProcess();
  const most = options.concurrency ?? Math.min(4, availableParallelism());
  const { signal } = session;
  const hash = async (image: Found): Promise<CropHashes> => {
    const input = inputOf(image, session.stdin);
    const made = crops
      ? await hashWithCrops(input, { ...limits, level, signal })
      : { ...(await hashImage(input, { ...limits, signal })), crops: [] };
    if (made.furtherPages) image.furtherPages = true;
    return made;
  };
  const file = output === undefined || output === "-" ? undefined : await OutFile.open(output);
  const printer = new ListPrinter(options, session, (line) =>
    file === undefined ? session.line(line) : file.write(`${line}\n`),
  );
  try {
    // Failures are not for the list.
    const run = { selection, json: json && file === undefined, quiet, session, found: printer.add };
    const { trouble } = await eachImage(run, someAtATime(most, hash));
    // What Ctrl-C left is no list.
    if (!signal.aborted) {
      await file?.done();
      if (!quiet) session.note(printer.summary());
    }
    return endStatus(trouble || printer.refused, false);
  } finally {
    await file?.drop();
  }
}
