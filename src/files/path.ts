import { fileURLToPath } from "node:url";
import { invalidArgument } from "../check.js";
import { InvalidArgumentError } from "../errors.js";

/**
 * Returns the path of a file that a caller names by a path or a `file:` URL.
 *
 * @param name what errors call the argument.
 * @throws {InvalidArgumentError} for anything else, for an empty path, and for a path with a NUL character.
 */
export function pathOf(path: string | URL, name = "path"): string {
  if (path instanceof URL) {
    if (path.protocol === "file:") return fileURLToPath(path);
    throw new InvalidArgumentError(`Expected a file: URL for ${name} but received ${path.protocol}`);
  }
  if (typeof path !== "string") throw invalidArgument(name, "path or file: URL", path);
  if (path !== "" && !path.includes("\0")) return path;
  throw new InvalidArgumentError(`Expected a path without NUL, and not an empty one, for ${name}`);
}
