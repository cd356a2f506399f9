import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { EmpreinteError } from "./errors.js";

/**
 * What to do where this package's code was put into a file of another program, away from its addon and its packages.
 */
export const bundled: string =
  "empreinte was bundled into another file. Leave it out of the bundle: esbuild --external:empreinte, externals of webpack " +
  "and Rollup, ssr.external of Vite, serverExternalPackages of Next.js";

/**
 * Returns the `require` of a module.
 * @param url its `import.meta.url`. Bundles in CommonJS have none.
 * @throws {EmpreinteError} `ERR_EMPREINTE_NATIVE_LOAD`
 */
export function requireOf(url: string | undefined): NodeJS.Require {
  if (url === undefined) throw new EmpreinteError("ERR_EMPREINTE_NATIVE_LOAD", `${bundled}.`);
  return createRequire(url);
}

const require = requireOf(import.meta.url);

/**
 * Runs `work` while a process report leaves out the network. Packages look for the C library in such a report. With the
 * network it would ask a name server for both ends of every open socket, while the event loop waits.
 */
export function withoutNetworkReport<T>(work: () => T): T {
  const { report } = process as { report?: { excludeNetwork?: boolean } };
  if (report === undefined) return work();
  const before = report.excludeNetwork;
  report.excludeNetwork = true;
  try {
    return work();
  } finally {
    report.excludeNetwork = before ?? false;
  }
}

/**
 * Loads a package that has an addon of its own. It is loaded at its first use, so that one that is missing stops only
 * what needs it.
 * @param does what the package does here, for the error.
 * @throws {EmpreinteError} `ERR_EMPREINTE_NATIVE_LOAD`
 */
export function loadPackage(name: string, does: string): unknown {
  try {
    return withoutNetworkReport(() => require(name) as unknown);
  } catch (cause) {
    const [why] = (cause instanceof Error ? cause.message : String(cause)).trim().split("\n");
    const text =
      `The package ${name}, which ${does}, does not load on ${process.platform}-${process.arch}: ${why}. ` +
      `Remove node_modules and install again on this system, with optional dependencies`;
    throw new EmpreinteError("ERR_EMPREINTE_NATIVE_LOAD", text, { cause });
  }
}

/** Returns the version of a package that need not be installed, or undefined if it is not. It is not loaded. */
export function packageVersion(name: string): string | undefined {
  for (const folder of require.resolve.paths(name) ?? []) {
    let text: string;
    try {
      text = readFileSync(join(folder, name, "package.json"), "utf8");
    } catch {
      continue; // It is usually in only one of the folders.
    }
    const { version } = JSON.parse(text) as { version?: unknown };
    return typeof version === "string" ? version : "unknown";
  }
  // A package manager without folders of packages answers by itself.
  try {
    return require.resolve(name) && "unknown";
  } catch {
    return undefined;
  }
}

/** Returns the path of a file that an installed package exports. @throws {Error} if there is none. */
export function packageFile(name: string): string {
  return require.resolve(name);
}
