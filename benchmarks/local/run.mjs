// npm run bench:local [-- images] [-- runs]
//
// Local points by stage, on generated images of about a megapixel: for an original and for a query, on every kernel that
// this processor runs. Where python3 has OpenCV (Debian's python3-opencv), its SIFT is measured on the same images, with
// as many points.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const [images = "6", runs = "7"] = process.argv.slice(2);
const compiler = process.env.CXX ?? "g++";
const foreign = process.arch === "arm64" ? /kernels\/(x86_|wasm)/ : /kernels\/(arm_|wasm)/;
const core = readdirSync(join(root, "native"), { recursive: true })
  .filter((name) => name.endsWith(".cc") && !foreign.test(name))
  .map((name) => join("native", name));
const folder = mkdtempSync(join(tmpdir(), "empreinte-bench-"));
try {
  const program = join(folder, "bench");
  const flags = ["-std=c++20", "-O3", "-ffp-contract=off"];
  execFileSync(compiler, [...flags, ...core, "benchmarks/local/bench.cc", "-o", program], { cwd: root });
  const [load] = loadavg();
  console.log(`machine: ${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores, load ${load.toFixed(1)}`);
  execFileSync(program, [images, runs], { stdio: "inherit" });
  const sift = spawnSync("python3", ["benchmarks/local/sift.py", images, runs], { cwd: root, encoding: "utf8" });
  console.log(sift.status === 0 ? sift.stdout.trimEnd() : "OpenCV's SIFT: skipped, python3 has no cv2");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
