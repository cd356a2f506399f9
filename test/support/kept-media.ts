/** Clips and images that tests make with other programs, kept between runs in node_modules/.cache/empreinte-media. */
import { copyFileSync } from "node:fs";
import { extname, join } from "node:path";
import { BuildCache, digestOf } from "./project/native.ts";
import { root } from "./run.ts";

let cache: BuildCache | undefined;

/**
 * Puts a clip or an image at `path`: the one that an earlier test or run made of the same, or otherwise what `make`
 * writes there.
 * @param texts what it is made with: the version of the program and its arguments.
 * @param files what it is made of.
 */
export async function keptMedia(
  path: string,
  texts: readonly string[],
  files: readonly string[],
  make: () => Promise<unknown>,
): Promise<string> {
  cache ??= new BuildCache(join(root, "node_modules/.cache/empreinte-media"));
  const name = `${digestOf(texts, files)}${extname(path)}`;
  const kept = cache.find(name);
  if (kept === undefined) {
    await make();
    cache.keep(name, path);
  } else copyFileSync(kept, path);
  return path;
}
