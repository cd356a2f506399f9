// Starts COUNT workers one after the other and terminates each while it hashes. A process of its own: what it guards
// against ends the whole process.
//
//   node test/hostile/image/worker-images.mjs COUNT pixels|FILE
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { hashImage, hashPixelsSync } from "../../../dist/index.js";

// The slow way on the slow kernel: a job is long enough to be interrupted.
const options = { method: "exact", kernel: "portable" };

/** Noise that is brighter to the right and in bands, so that its hash is stable. */
function pixels() {
  const width = 1600;
  const height = 1200;
  const data = new Uint8Array(3 * width * height);
  for (let i = 0, word = 1; i < data.length; i++) {
    word = (Math.imul(word, 1_103_515_245) + 12_345) | 0;
    data[i] = ((word >>> 16) & 63) + ((i % (3 * width)) >> 6) + (((i / 30_000) & 7) << 3);
  }
  return { data, width, height, channels: 3 };
}

if (isMainThread) {
  const input = process.argv[3] === "pixels" ? pixels() : process.argv[3];
  let terminated = 0;
  for (let i = 0; i < Number(process.argv[2]); i++) {
    const worker = new Worker(new URL(import.meta.url), { argv: [], workerData: input });
    await once(worker, "message");
    // Some end at once, some after a part of the work.
    await new Promise((resolve) => setTimeout(resolve, 3 * (i % 6)));
    if ((await worker.terminate()) === 1) terminated++;
  }
  const { hash, stable } = await hashImage(input, options);
  const same = process.argv[3] !== "pixels" || hash === hashPixelsSync(input).hash;
  console.log(JSON.stringify({ terminated, hash, stable, same }));
} else {
  // Without end: however late the main thread comes, it finds jobs running.
  const hashing = async () => {
    for (;;) await hashImage(workerData, options);
  };
  const running = Array.from({ length: 12 }, hashing);
  parentPort.postMessage("running");
  await Promise.all(running);
}
