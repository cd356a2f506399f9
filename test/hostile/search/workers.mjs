// Starts COUNT workers one after the other and terminates each while its searches run. A process of its own: what it
// guards against ends the whole process. With "changes" they also add, join, save, open and verify meanwhile.
//
//   node test/hostile/search/workers.mjs COUNT [changes]
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { HashIndex } from "../../../dist/index.js";

const hashes = Buffer.alloc(32 * 30_000);
for (let i = 0, word = 1; i < hashes.length; i += 4) {
  word ^= word << 13;
  word ^= word >>> 17;
  word ^= word << 5;
  hashes.writeInt32LE(word, i);
}
const index = new HashIndex();
index.addManySync(
  Array.from({ length: hashes.length / 32 }, (_, i) => i),
  hashes,
);

if (isMainThread) {
  const folder = process.argv[3] === "changes" ? mkdtempSync(join(tmpdir(), "empreinte-workers-")) : undefined;
  let terminated = 0;
  for (let i = 0; i < Number(process.argv[2]); i++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: folder });
    await once(worker, "message");
    // Some end at once, some after a part of the search.
    await new Promise((resolve) => setTimeout(resolve, i % 5));
    if ((await worker.terminate()) === 1) terminated++;
  }
  const hits = await index.search(hashes.subarray(32 * 7, 32 * 8), { radius: 0 });
  if (folder !== undefined) rmSync(folder, { recursive: true });
  console.log(`${terminated} terminated, ${hits.length} hit`);
} else {
  // Without end: however late the main thread comes, it finds searches running.
  const searching = async () => {
    for (;;) await index.searchMany(hashes.subarray(0, 32 * 3000), { radius: 31 });
  };
  const running = Array.from({ length: 8 }, searching);
  if (workerData !== null && workerData !== undefined) {
    const path = join(workerData, `${process.hrtime.bigint()}.idx`);
    running.push(
      index.addMany(
        Array.from({ length: 30_000 }, (_, i) => 100_000 + i),
        hashes,
      ),
      index.optimize(),
      index.save(path).then(() => HashIndex.open(path)),
    );
    index.remove([1, 2, 3]);
  }
  parentPort.postMessage("running");
  await Promise.all(running);
}
