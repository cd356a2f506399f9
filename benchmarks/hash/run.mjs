// npm run bench:hash [-- images] [-- seed]
//
// Hash only, in C++: every kernel and way against a scalar, straightforward implementation of the reference's own order of
// operations (baseline.cc), built by the same compiler with -O3 and run on the same images in the same process, in turn.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const [images = "40", seed = "1"] = process.argv.slice(2);
const compiler = process.env.CXX ?? "g++";
const foreign = process.arch === "arm64" ? /kernels\/x86_/ : /kernels\/arm_/;
const core = readdirSync(join(root, "native"), { recursive: true })
  .filter((name) => name.endsWith(".cc") && !foreign.test(name))
  .map((name) => join("native", name));
const folder = mkdtempSync(join(tmpdir(), "empreinte-bench-"));
try {
  const program = join(folder, "bench");
  const sources = [...core, "benchmarks/hash/baseline.cc", "benchmarks/hash/bench.cc"];
  execFileSync(compiler, ["-std=c++20", "-O3", "-ffp-contract=off", ...sources, "-o", program], { cwd: root });
  const version = execFileSync(compiler, ["--version"], { encoding: "utf8" }).split("\n")[0];
  console.log(`machine: ${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores; ${version}`);
  execFileSync(program, [images, seed], { stdio: "inherit" });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
