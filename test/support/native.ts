import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, run, succeed, which } from "./run.ts";

/** The architecture a compiler makes programs for, in Node's words. */
export type Arch = "x64" | "arm64";

export interface Toolchain {
  compiler: string;
  arch: Arch;
  flags: readonly string[];
}

/** The compiler of this machine, or undefined. */
export function hostCompiler(): string | undefined {
  return process.env["CXX"] ?? ["g++", "c++", "clang++"].find((name) => which(name) !== undefined);
}

/** The core's sources for one architecture: all of native/, of the kernels the portable one and that architecture's. */
export function coreSources(arch: Arch): string[] {
  const names = readdirSync(join(root, "native"), { recursive: true, encoding: "utf8" });
  const foreign = arch === "x64" ? /kernels\/arm_/ : /kernels\/x86_/;
  return names.filter((name) => name.endsWith(".cc") && !foreign.test(name)).map((name) => `native/${name}`);
}

/** Whether the toolchain makes a program from a source that says nothing: false without its libraries. */
export async function usable({ compiler, flags }: Toolchain): Promise<boolean> {
  if (which(compiler) === undefined) return false;
  const input = "#include <string>\nint main() { return 0; }\n";
  const { code } = await run(compiler, [...flags, "-x", "c++", "-", "-o", "/dev/null"], { input });
  return code === 0;
}

/** A folder of objects and programs, made from the sources of the core; each source is compiled once a toolchain. */
export class Workshop implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "empreinte-native-"));
  readonly #objects = new Map<string, Promise<string>>();

  /** The object of one source, at most two compilers at a time. */
  object(toolchain: Toolchain, source: string): Promise<string> {
    const key = [toolchain.compiler, ...toolchain.flags, source].join("\0");
    const known = this.#objects.get(key);
    if (known !== undefined) return known;
    const object = join(this.folder, `${this.#objects.size}-${source.replaceAll("/", ".")}.o`);
    const args = [
      ...toolchain.flags,
      "-std=c++20",
      "-ffp-contract=off",
      "-Wall",
      "-Wextra",
      "-c",
      source,
      "-o",
      object,
    ];
    const made = this.#turn(() => succeed(toolchain.compiler, args)).then(() => object);
    this.#objects.set(key, made);
    return made;
  }

  /** A program from the core and `sources`. */
  async program(toolchain: Toolchain, ...sources: string[]): Promise<string> {
    const all = [...coreSources(toolchain.arch), ...sources];
    const objects = await Promise.all(all.map((source) => this.object(toolchain, source)));
    const program = join(this.folder, `program-${this.#programs++}`);
    await succeed(toolchain.compiler, [...toolchain.flags, ...objects, "-o", program]);
    return program;
  }
  #programs = 0;

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
