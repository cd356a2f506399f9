/** How a decoder process is confined: what it may read. */
import { realpathSync } from "node:fs";
import { dirname, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { packageFile } from "../../packages.js";
import { type Confinement, programPaths } from "../../processes/confinement.js";

/**
 * Address space of a process: Node.js itself reserves about one GiB, and an image of 2²⁷ pixels of 8 bytes takes one
 * for its samples and one for what the decoder keeps.
 */
const addressSpace = 2 ** 33;
/** Seconds of processor time in the whole life of a process. The time of one image is limited by who waits for it. */
const lifeSeconds = 3600;

const packages = ["sharp", "libheif-js/wasm-bundle", "@imagemagick/magick-wasm/magick.wasm"];

/** Returns the folder that a package and its dependencies are installed in, or undefined if it is not installed. */
function packageFolder(name: string): string | undefined {
  let file: string;
  try {
    file = realpathSync(packageFile(name));
  } catch {
    return undefined; // Only the process that decodes needs it, and says so.
  }
  const installed = file.indexOf(`${sep}node_modules${sep}`);
  return installed < 0 ? dirname(file) : file.slice(0, installed + `${sep}node_modules`.length);
}

let known: Confinement | undefined;

/** The confinement of a decoder process: Node.js, this package, the packages that decode, and nothing else. */
export function decoderConfinement(): Confinement {
  if (known !== undefined) return known;
  const own = ["dist", "build", "prebuilds", "package.json"].map((name) =>
    fileURLToPath(new URL(`../../../${name}`, import.meta.url)),
  );
  const installed = packages.map(packageFolder).filter((folder) => folder !== undefined);
  const paths = [...programPaths(process.execPath), ...own, ...new Set(installed)];
  return (known = { limits: { memoryBytes: addressSpace, cpuSeconds: lifeSeconds }, paths });
}
