// npm run bench:local [-- images] [-- runs]
//
// Local points by stage, on generated images of about a megapixel: for an original and for a query, on every kernel
// that this processor runs. Where python3 has OpenCV (Debian's python3-opencv), its SIFT is measured on the same
// images, with as many points.
import { spawnSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { runCoreProgram } from "../core-program.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const [images = "6", runs = "7"] = process.argv.slice(2);
const [load] = loadavg();
console.log(`machine: ${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores, load ${load.toFixed(1)}`);
runCoreProgram(["benchmarks/local/bench.cc"], [images, runs]);
const sift = spawnSync("python3", ["benchmarks/local/sift.py", images, runs], { cwd: root, encoding: "utf8" });
console.log(sift.status === 0 ? sift.stdout.trimEnd() : "OpenCV's SIFT: skipped, python3 has no cv2");
