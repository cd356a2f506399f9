import { openFile } from "../../../files/open-file.js";
import {
  EmpreinteError,
  hashImages,
  type HashLike,
  type ImageInput,
  type PixelHash,
  sniffImage,
} from "../../../index.js";
import { openList } from "../../../doors/lists.js";
import { shownPath } from "../../io/names.js";
import { failureOf } from "../../io/outcome.js";
import { type Session } from "../../io/session.js";
import { walk } from "../../io/files/walk.js";
import { UsageError } from "../../table/parse.js";

/** The hash of a harmless image. */
type BenignHash = HashLike | Pick<PixelHash, "hash" | "orientations">;

async function isImage(path: string): Promise<boolean> {
  const { file } = await openFile(path);
  try {
    const bytes = Buffer.alloc(64);
    const { bytesRead } = await file.read(bytes, 0, 64, 0);
    return sniffImage(bytes.subarray(0, bytesRead)) !== undefined;
  } finally {
    await file.close();
  }
}

async function* ofList(path: string, signal: AbortSignal): AsyncGenerator<BenignHash> {
  for await (const entry of await openList(path, { signal })) {
    for (const { type, value } of entry.signals) if (type === "pdq") yield value;
  }
}

/**
 * Returns the hashes of `--benign`: those of lists, of images in all orientations, and of folders of either. What
 * cannot be read is reported.
 * @throws {EmpreinteError} `ERR_EMPREINTE_READ` if there was such a file: a screening that lacks images lets entries
 * pass.
 */
export async function benignOf(paths: readonly string[], session: Session): Promise<BenignHash[]> {
  const { signal } = session;
  let trouble = false;
  const found: BenignHash[] = [];
  const images: ImageInput[] = [];
  for await (const file of walk(paths, { signal })) {
    const { path, error, walked, stream } = file;
    if (error !== undefined) {
      session.note(failureOf(file, error).message);
      trouble = true;
      continue;
    }
    if (stream || typeof path !== "string") throw new UsageError(`${shownPath(path)} cannot be read`);
    if (await isImage(path)) images.push(path);
    // A folder of images has other files in it, too.
    else if (!walked) for await (const one of ofList(path, signal)) found.push(one);
  }
  for await (const { result, error } of hashImages(images, { orientations: true, signal })) {
    if (error) {
      session.note(error.message);
      trouble = true;
    } else found.push({ hash: result.hash, ...(result.orientations && { orientations: result.orientations }) });
  }
  if (trouble) throw new EmpreinteError("ERR_EMPREINTE_READ", "Some of --benign cannot be read. Nothing was imported");
  if (paths.length > 0 && found.length === 0) throw new UsageError("Nothing in --benign is usable");
  return found;
}
