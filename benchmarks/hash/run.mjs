// npm run bench:hash [-- images] [-- seed]
//
// Hash only, in C++: every kernel and method against a scalar, straightforward implementation of the reference's own
// order of operations (baseline.cc), built by the same compiler with -O3 and run on the same images in the same
// process, in turn.
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { compiler, runCoreProgram } from "../core-program.mjs";

const [images = "40", seed = "1"] = process.argv.slice(2);
const version = execFileSync(compiler, ["--version"], { encoding: "utf8" }).split("\n")[0];
console.log(`machine: ${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores; ${version}`);
runCoreProgram(["benchmarks/hash/baseline.cc", "benchmarks/hash/bench.cc"], [images, seed]);
