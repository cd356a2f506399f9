import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { EmpreinteError } from "../errors.js";
import { bundled, requireOf, withoutNetworkReport } from "../packages.js";
import type { NativeBinding } from "./binding.js";
import { fallbackBinding } from "./fallback/binding.js";
import { findCore } from "./fallback/core.js";

const require = requireOf(import.meta.url);
const root = new URL("../../", import.meta.url);

/**
 * Returns where the addon may be, best first: the prebuilt one of this platform, then one built here. With
 * `EMPREINTE_BUILD=debug` it is the one of `npm run build:debug` only, and with `EMPREINTE_BUILD=wasm` none.
 */
function candidates(): string[] {
  if (process.env["EMPREINTE_BUILD"] === "wasm") return [];
  const musl = process.platform === "linux" && !glibcVersion() ? ".musl" : "";
  if (process.env["EMPREINTE_BUILD"] === "debug") return [fileURLToPath(new URL("build/Debug/empreinte.node", root))];
  return [
    fileURLToPath(new URL(`prebuilds/${process.platform}-${process.arch}/empreinte${musl}.node`, root)),
    fileURLToPath(new URL("build/Release/empreinte.node", root)),
    // Where a bundler has put this module into the user's program: beside that.
    fileURLToPath(new URL("empreinte.node", import.meta.url)),
  ];
}

function glibcVersion(): string | undefined {
  const report = withoutNetworkReport(() => process.report?.getReport()) as
    { header?: { glibcVersionRuntime?: string } } | undefined;
  return report?.header?.glibcVersionRuntime;
}

/** Returns whether this module is where the package has it, and not inside a bundle. */
function inPackage(): boolean {
  try {
    return (JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { name?: unknown }).name === "empreinte";
  } catch {
    return false;
  }
}

const fallbackText =
  "empreinte hashes and searches in WebAssembly and on one thread. Plain lists, index files, altered copies and searches " +
  "of videos do not work, and nothing confines decoders.";

/** What this process computes with. */
interface Loaded {
  native: NativeBinding;
  /** Why there is no addon, and what to do about it. Undefined where there is one. */
  withoutAddon?: string;
}

function load(): Loaded {
  const { bun } = process.versions;
  if (bun !== undefined) {
    const text = `empreinte needs Node.js 20.19 or newer; Bun ${bun} ends the process when the addon starts a thread.`;
    throw new EmpreinteError("ERR_EMPREINTE_NATIVE_LOAD", text);
  }
  const advice =
    `Install a C++20 compiler, then run \`npm install --include=dev && npm run build:native\` in the folder of empreinte ` +
    `(${fileURLToPath(root)}).`;
  if (Number(process.versions["napi"]) < 9) {
    throw new EmpreinteError(
      "ERR_EMPREINTE_NATIVE_LOAD",
      `empreinte needs Node-API 9 (Node.js 20.19 or newer); this is Node.js ${process.version} with Node-API ${process.versions["napi"]}.`,
    );
  }
  const failures: string[] = [];
  let cause: unknown;
  for (const path of candidates()) {
    if (!existsSync(path)) continue;
    try {
      return { native: require(path) as NativeBinding };
    } catch (error) {
      cause ??= error;
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  const build = process.env["EMPREINTE_BUILD"];
  const why =
    build === "wasm"
      ? "EMPREINTE_BUILD=wasm switches the native addon off."
      : failures.length > 0
        ? `The native addon is there but does not load: ${failures.join("; ")}.`
        : `There is no native addon for ${process.platform}-${process.arch}.`;
  const mend = failures.length > 0 || inPackage() ? advice : `${bundled}. Or copy the addon beside the bundle.`;
  const reason = build === "wasm" ? why : `${why} ${mend}`;
  const core = build === "debug" ? undefined : findCore(root);
  if (core === undefined) throw new EmpreinteError("ERR_EMPREINTE_NATIVE_LOAD", reason, { cause });
  if (build !== "wasm") process.emitWarning(`${fallbackText} ${reason}`, { code: "EMPREINTE_WITHOUT_ADDON" });
  return { native: fallbackBinding(core, reason), withoutAddon: reason };
}

const loaded = load();

/** The addon; loading happens once, when this module is first imported. */
export const native: NativeBinding = loaded.native;

/** Says why only hashing and searching in memory work here, and what to do about it. Undefined where all works. */
export const limitedTo: string | undefined = loaded.withoutAddon && `${fallbackText} ${loaded.withoutAddon}`;
