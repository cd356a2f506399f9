// Programs in C++ that measure the core, compiled from its sources as the addon is.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
export const compiler = process.env.CXX ?? "g++";

/** Compiles the core with more sources, given by their paths from the root, and runs the program with the arguments. */
export function runCoreProgram(sources, args) {
  const foreign = process.arch === "arm64" ? /kernels\/(x86_|wasm)/ : /kernels\/(arm_|wasm)/;
  const core = readdirSync(join(root, "native"), { recursive: true })
    .filter((name) => name.endsWith(".cc") && !foreign.test(name))
    .map((name) => join("native", name));
  const folder = mkdtempSync(join(tmpdir(), "empreinte-bench-"));
  try {
    const program = join(folder, "bench");
    const flags = ["-std=c++20", "-O3", "-ffp-contract=off"];
    execFileSync(compiler, [...flags, ...core, ...sources, "-o", program], { cwd: root, stdio: "inherit" });
    execFileSync(program, args, { stdio: "inherit" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
