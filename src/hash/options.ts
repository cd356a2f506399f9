import { boolean, oneOf } from "../check.js";
import { kernelName } from "../native/kernel.js";

/** Options that every function that hashes has. */
export interface HashOptions {
  /** True to also compute the hashes of the other orientations. Default false. */
  orientations?: boolean;
  /**
   * `"cpp-cli"` first reduces the image to 512×512, as the reference's command-line tool does. Such hashes differ from
   * the plain ones by up to 26 bits. By default the full image is hashed.
   */
  compat?: "cpp-cli";
  /** The name of a kernel, for tests and measurements. Default: `EMPREINTE_KERNEL`, or the best this processor runs. */
  kernel?: string;
  /**
   * `"exact"` skips the fast computation that the exact one normally backs up. The hash is the same. Default `"auto"`.
   */
  method?: "auto" | "exact";
}

/** The names of the options in `HashOptions`. */
export const hashOptionNames = ["orientations", "compat", "kernel", "method"] as const;

/** The options after they were checked, as the addon takes them. */
export interface CheckedHashOptions {
  /** The method: 0 for auto, 1 for exact. */
  method: number;
  /** The compatibility: 0 for none, 1 for cpp-cli. */
  compat: number;
  orientations: boolean;
  kernel: string | undefined;
}

/** Checks options and fills in defaults. @throws {InvalidArgumentError} for an option that does not fit. */
export function checkHashOptions(options: HashOptions): CheckedHashOptions {
  const { orientations = false, compat, kernel, method = "auto" } = options;
  if (compat !== undefined) oneOf("compat", compat, ["cpp-cli"]);
  return {
    method: oneOf("method", method, ["auto", "exact"]) === "exact" ? 1 : 0,
    compat: compat === undefined ? 0 : 1,
    orientations: boolean("orientations", orientations),
    kernel: kernelName(kernel),
  };
}
