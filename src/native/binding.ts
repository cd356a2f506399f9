/**
 * The addon's functions, as bindings/node exports them, by subject. Callers in hash/, search/, lists/ and views/ check
 * arguments first. A function throws a `TypeError` with a `code` when an argument does not fit.
 */
import type { CancelFunctions } from "./binding/handle.js";
import type { HashFunctions } from "./binding/hash.js";
import type { ListFunctions } from "./binding/lists.js";
import type { LocalFunctions } from "./binding/local.js";
import type { PixelFunctions } from "./binding/pixels.js";
import type { ProcessFunctions } from "./binding/process.js";
import type { SearchFunctions } from "./binding/search.js";
import type { VideoFunctions } from "./binding/video.js";
import type { ViewFunctions } from "./binding/views.js";

export interface NativeBinding
  extends
    CancelFunctions,
    ProcessFunctions,
    PixelFunctions,
    HashFunctions,
    ListFunctions,
    SearchFunctions,
    ViewFunctions,
    LocalFunctions,
    VideoFunctions {}
