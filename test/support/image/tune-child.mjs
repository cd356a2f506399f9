// Decodes a burst of images in a process of its own, waits until an idle process has given its memory back, and prints
// the bytes of resident memory: tune-child.mjs FOLDER (tuned | untuned) (images | workers). With large-N it decodes
// large images, N at a time, and prints the peak at once.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { hashImage, hashImages, tuneProcess } from "../../../dist/index.js";

const [folder, mode, load] = process.argv.slice(2);
const { tuned } = mode === "tuned" ? tuneProcess() : { tuned: false };
const path = (name) => join(folder, `${name}.jpg`);
/** The file of `/proc` counts pages exactly, unlike `process.memoryUsage()` of a busy process. */
const memory = (name) => 1024 * Number(RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))[1]);
const resident = () => memory("VmRSS");

const hashes = new Set();
if (load.startsWith("large-")) {
  const concurrency = Number(load.slice("large-".length));
  for await (const { result } of hashImages(Array(16).fill(path("large")), { concurrency })) hashes.add(result.hash);
  console.log(JSON.stringify({ tuned, hashes: [...hashes], peak: memory("VmHWM") }));
  process.exit();
}
if (load === "images") {
  hashes.add((await hashImage(path("huge"))).hash);
  for await (const { result } of hashImages(Array(8).fill(path("large")), { concurrency: 4 })) hashes.add(result.hash);
  for await (const { result } of hashImages(Array(1000).fill(path("small")), { concurrency: 4 }))
    hashes.add(result.hash);
} else {
  const source = `
    const { workerData, parentPort } = require("node:worker_threads");
    import("${new URL("../../../dist/index.js", import.meta.url).href}").then(async ({ hashImage }) =>
      parentPort.postMessage((await hashImage(workerData)).hash));`;
  for (let i = 0; i < 16; i++) {
    const worker = new Worker(source, { eval: true, workerData: path("large") });
    hashes.add(await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject)));
    await worker.terminate();
  }
}
globalThis.gc();
const loaded = resident();
// Two checks of the process, and a little more.
await new Promise((resolve) => setTimeout(resolve, 12_000));
console.log(JSON.stringify({ tuned, hashes: [...hashes], loaded, idle: resident() }));
