import { createHash, randomUUID } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { root, run, succeed, which } from "../run.ts";
import { groupsOf, merged } from "./merged-sources.mjs";

/** The architecture a compiler makes programs for, in Node's words. */
export type Arch = "x64" | "arm64";

export interface Toolchain {
  compiler: string;
  arch: Arch;
  flags: readonly string[];
  /** Which sources of the core its programs use, where not all. */
  sources?: RegExp;
  /** Objects of the core that are made already. */
  core?: readonly string[] | undefined;
}

/** How many sources of the core are compiled as one: more would keep a second processor waiting. */
const mostMerged = 14;

/** Flags that every object is compiled with. */
const commonFlags = ["-std=c++20", "-ffp-contract=off", "-Wall", "-Wextra"];

/** Files that no run has used for so long are removed. */
const keptMilliseconds = 14 * 24 * 3_600_000;

/** The compiler of this machine, or undefined. */
export function hostCompiler(): string | undefined {
  return process.env["CXX"] ?? ["g++", "c++", "clang++"].find((name) => which(name) !== undefined);
}

/** The core's sources for one architecture: all of native/, of the kernels the portable one and that architecture's. */
export function coreSources(arch: Arch): string[] {
  const names = readdirSync(join(root, "native"), { recursive: true, encoding: "utf8" });
  const foreign = arch === "x64" ? /kernels\/(arm_|wasm)/ : /kernels\/(x86_|wasm)/;
  return names.filter((name) => name.endsWith(".cc") && !foreign.test(name)).map((name) => `native/${name}`);
}

/**
 * The core's objects where each is newer than its source, every header and the file that says how it is made; otherwise
 * undefined. Programs made from them compile nothing but themselves.
 * @param recipe the file that says how they are made.
 * @param named the paths from the root that the object of a source may have.
 */
function madeObjects(arch: Arch, recipe: string, named: (source: string) => string[]): string[] | undefined {
  const changed = (file: string): number => statSync(join(root, file)).mtimeMs;
  const newest = Math.max(...headersOf("native").map(changed), changed(recipe));
  const objects = coreSources(arch).map((source) =>
    named(source)
      .map((name) => join(root, name))
      .find((object) => {
        const made = statSync(object, { throwIfNoEntry: false })?.mtimeMs ?? 0;
        return made > newest && made > changed(source);
      }),
  );
  return objects.every((object) => object !== undefined) ? objects : undefined;
}

/** The core's objects in the addon that `npm run build` made: programs made from them test what users run. */
export function addonObjects(arch: Arch): string[] | undefined {
  return madeObjects(arch, "bindings/node/addon.gyp", (source) => [
    `build/Release/obj.target/empreinte/${source.replace(/\.cc$/, ".o")}`,
    `build/Release/objects/${source.replaceAll("/", ".")}.o`,
  ]);
}

/** The core's objects that `npm run fuzz` made, with the address and undefined-behaviour sanitizers of clang. */
export function fuzzObjects(arch: Arch): string[] | undefined {
  return madeObjects(arch, "test/fuzz/run.mjs", (source) => [`build/fuzz/objects/plain/${source}.o`]);
}

/** The headers in a folder of the package. */
function headersOf(folder: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".h")).map((name) => `${folder}/${name}`);
}

/** Whether the toolchain makes a program from a nearly empty source: false when its libraries are missing. */
export async function usable({ compiler, flags }: Toolchain): Promise<boolean> {
  if (which(compiler) === undefined) return false;
  const input = "#include <string>\nint main() { return 0; }\n";
  const { code } = await run(compiler, [...flags, "-x", "c++", "-", "-o", "/dev/null"], { input });
  return code === 0;
}

/** A digest of texts and of files. Files in the package are given by their paths there and count with them. */
export function digestOf(texts: readonly string[], files: readonly string[]): string {
  const hash = createHash("sha256").update(texts.join("\0"));
  for (const file of files) {
    const path = resolve(root, file);
    hash.update(`\0${path === file ? "" : file}\0`).update(createHash("sha256").update(readFileSync(path)).digest());
  }
  return hash.digest("hex");
}

/**
 * What tests build, kept between runs, by default in node_modules/.cache/empreinte-native, and named by a digest of
 * what it is made of. Several processes may use the folder: a file is copied there under another name and renamed.
 */
export class BuildCache {
  readonly folder: string;

  constructor(folder: string = join(root, "node_modules/.cache/empreinte-native")) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const used = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
      if (used < Date.now() - keptMilliseconds) rmSync(path, { force: true });
    }
  }

  /** The path of a file that is kept, or undefined. */
  find(name: string): string | undefined {
    const path = join(this.folder, name);
    if (!existsSync(path)) return undefined;
    const now = new Date();
    try {
      utimesSync(path, now, now);
      return path;
    } catch {
      return undefined; // another process has removed it
    }
  }

  /** Keeps a copy of a file, and returns its path. */
  keep(name: string, file: string): string {
    const temporary = join(this.folder, `${randomUUID()}.tmp`);
    copyFileSync(file, temporary);
    renameSync(temporary, join(this.folder, name));
    return join(this.folder, name);
  }
}

/** A folder of objects and programs, made from the sources of the core. Each source is compiled once a toolchain. */
export class Workshop implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "empreinte-native-"));
  readonly #cache: BuildCache;
  /** Every header that a source may include. A change of any of them compiles everything anew. */
  readonly #headers = ["native", "bindings/node", "test/native"].flatMap(headersOf);
  readonly #versions = new Map<string, Promise<string>>();
  readonly #objects = new Map<string, Promise<string>>();
  readonly #programs = new Map<string, Promise<string>>();
  /** How many objects were compiled, and not found in the cache. */
  compiled = 0;

  constructor(cache: BuildCache = new BuildCache()) {
    this.#cache = cache;
  }

  /** The object of one source. */
  object(toolchain: Toolchain, source: string): Promise<string> {
    return this.#objectOf(toolchain, [source]);
  }

  /** The object of sources that are compiled as one. */
  #objectOf(toolchain: Toolchain, sources: readonly string[]): Promise<string> {
    const key = [toolchain.compiler, ...toolchain.flags, ...sources].join("\0");
    let made = this.#objects.get(key);
    if (made === undefined) this.#objects.set(key, (made = this.#object(toolchain, sources, this.#objects.size)));
    return made;
  }

  async #object({ compiler, flags }: Toolchain, sources: readonly string[], number: number): Promise<string> {
    const options = [...flags, ...commonFlags];
    const texts = [await this.#version(compiler), ...options];
    const nameNow = (): string => `${digestOf(texts, [...sources, ...this.#headers])}.o`;
    const name = nameNow();
    const kept = this.#cache.find(name);
    if (kept !== undefined) return kept;
    const [first = "", ...further] = sources;
    const object = join(this.folder, `${number}-${first.replaceAll("/", ".")}.o`);
    const source = further.length === 0 ? first : `${object}.cc`;
    if (further.length > 0) writeFileSync(source, merged(root, sources));
    await this.#turn(() => succeed(compiler, [...options, `-I${root}`, "-c", source, "-o", object]));
    this.compiled++;
    // A source that was edited meanwhile is not what the name says.
    return nameNow() === name ? this.#cache.keep(name, object) : object;
  }

  #version(compiler: string): Promise<string> {
    let version = this.#versions.get(compiler);
    if (version === undefined) this.#versions.set(compiler, (version = succeed(compiler, ["--version"])));
    return version;
  }

  /** A program from the core and `sources`. The core is the toolchain's `core` or compiled with its flags. */
  program(toolchain: Toolchain, ...sources: string[]): Promise<string> {
    const key = [toolchain.compiler, ...toolchain.flags, ...(toolchain.core ?? []), ...sources].join("\0");
    let made = this.#programs.get(key);
    if (made === undefined) this.#programs.set(key, (made = this.#program(toolchain, sources, this.#programs.size)));
    return made;
  }

  async #program(toolchain: Toolchain, sources: readonly string[], number: number): Promise<string> {
    const made = await Promise.all([
      toolchain.core ?? this.#core(toolchain),
      ...sources.map((source) => this.object(toolchain, source)),
    ]);
    const objects = made.flat();
    const program = join(this.folder, `program-${number}`);
    await this.#turn(() => succeed(toolchain.compiler, [...toolchain.flags, ...objects, "-o", program]));
    return program;
  }

  /**
   * The core's objects with a toolchain's flags. Half of the time goes into the compiler's own headers, so that sources
   * are compiled as one where they can be; kernels, in which headers mean something else, by themselves.
   */
  async #core(toolchain: Toolchain): Promise<string[]> {
    const used = coreSources(toolchain.arch).filter((name) => toolchain.sources?.test(name) ?? true);
    const kernels = used.filter((name) => /kernels\/(portable|x86_|arm_)/.test(name));
    const others = used.filter((name) => !kernels.includes(name));
    const groups = [...kernels.map((name) => [name]), ...groupsOf(root, others, mostMerged)];
    // Where sources do not compile as one, the errors that count are those of each.
    const alone = (group: string[]): Promise<string[]> =>
      Promise.all(group.map((source) => this.object(toolchain, source)));
    const made = await Promise.all(groups.map((group) => this.#objectOf(toolchain, group).catch(() => alone(group))));
    return made.flat();
  }

  /** Runs a program and returns what it prints. Throws when it does not end with 0. */
  run(program: string, args: readonly string[], input?: Uint8Array): Promise<string> {
    return this.#turn(() => succeed(program, args, input === undefined ? {} : { input }));
  }

  /** At most two compilers or programs work at a time. */
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  async #turn<T>(task: () => Promise<T>): Promise<T> {
    while (this.#running >= 2) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      return await task();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
