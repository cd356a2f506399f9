import { hashImage, type ImageHash, type ImageInput } from "../../../index.js";
import { hashSettings } from "../../io/each-file.js";
import { shownPath } from "../../io/names.js";
import { inputOf } from "../../io/outcome.js";
import type { Found } from "../../io/files/walk.js";
import type { ScanContext } from "./scanner.js";

/** What was found in an image of a file. `page` is absent where the file has one image, or its first alone was read. */
export interface PageResult<R> {
  page?: number;
  result: R;
}

/** What was found in the images of a file. */
export interface PageResults<R> {
  pages: PageResult<R>[];
  /** All pages, where the file has several and all were to be read. */
  image?: ImageHash;
  /** Why not all of them were searched. */
  failure?: unknown;
}

/** Yields the pages behind the first whose hash no earlier one has. Hashes that are noise do not count. */
function* distinctPages({ hash, stable, frames = [] }: ImageHash, first: number): Generator<number> {
  const seen = new Set(stable ? [hash] : []);
  for (const frame of frames) {
    if (frame.page === first || seen.has(frame.hash)) continue;
    if (frame.stable) seen.add(frame.hash);
    yield frame.page;
  }
}

/**
 * Searches for the first image of a file and, with --all-pages, for every further one that has another hash. A file
 * whose first image alone was read is marked so.
 *
 * @param search searches for the first image of `input`, or for that of the number `page`.
 * @throws what `search` throws for the first image.
 */
export async function searchPages<R extends { furtherPages?: true }>(
  file: Found,
  { options, session }: ScanContext,
  search: (input: ImageInput, page: { page?: number }) => Promise<R>,
): Promise<PageResults<R>> {
  const { signal, stdin } = session;
  let bytes: Uint8Array | undefined;
  // The decoder changes them, and a pipe cannot be read twice.
  const keep = options.allPages ? (all: Uint8Array) => (bytes = Uint8Array.from(all)) : undefined;
  const result = await search(inputOf(file, stdin, keep), {});
  if (result.furtherPages === undefined) return { pages: [{ result }] };
  if (bytes === undefined) {
    file.furtherPages = true;
    return { pages: [{ result }] };
  }
  const pages: PageResult<R>[] = [{ result }];
  let image: ImageHash | undefined;
  try {
    const name = shownPath(file.path);
    image = await hashImage(bytes, { ...hashSettings(options), orientations: true, name, signal });
    const { hash, frames = [] } = image;
    const first = Math.max(
      0,
      frames.findIndex((frame) => frame.hash === hash),
    );
    pages[0]!.page = first;
    for (const page of distinctPages(image, first)) pages.push({ page, result: await search(bytes, { page }) });
    return { pages, image };
  } catch (failure) {
    signal.throwIfAborted();
    return { pages, ...(image && { image }), failure };
  }
}
