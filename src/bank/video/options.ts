/** The options of `Matcher.checkVideo`. Types alone, so that a matcher loads no video code before its first video. */
import type { CopyLevel } from "../../copies/types.js";
import type { FileDigests } from "../../image/input/digest.js";
import type { HashVideoOptions } from "../../video/options.js";

/** The options of `Matcher.checkVideo`. Those of decoding and sampling say nothing about a signature. */
export interface CheckVideoOptions extends Omit<HashVideoOptions, "compat" | "orientations" | "trim"> {
  /**
   * How much is searched for, as in `VideoIndex.searchVideo`. `"fast"` searches the frames as they are, in all eight
   * orientations. From `"standard"` on they are also searched without what surrounds them, and known videos through
   * views that are chosen for each shot. A signature has no images: its trimmed frames are searched where it has them.
   * Default `"fast"`.
   */
  level?: CopyLevel;
  /**
   * The digests of the file's bytes, or a function that answers them, which is called once the frames are hashed.
   * Default: those of the file for a path or URL, those of the bytes for bytes, none for any other input.
   */
  digests?: FileDigests | (() => Promise<FileDigests | undefined>);
}
