// Starts thirty workers one after the other and terminates each while its searches run. A process of its own: what it
// guards against ends the whole process.
import { once } from "node:events";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { HashIndex } from "../../dist/index.js";

const hashes = Buffer.alloc(32 * 30_000);
for (let i = 0, word = 1; i < hashes.length; i += 4) {
  word ^= word << 13;
  word ^= word >>> 17;
  word ^= word << 5;
  hashes.writeInt32LE(word, i);
}
const index = new HashIndex();
index.addMany(hashes);

if (isMainThread) {
  let terminated = 0;
  for (let i = 0; i < 30; i++) {
    const worker = new Worker(new URL(import.meta.url));
    await once(worker, "message");
    // Some end at once, some after a part of the search.
    await new Promise((resolve) => setTimeout(resolve, i % 5));
    if ((await worker.terminate()) === 1) terminated++;
  }
  const hits = await index.search(hashes.subarray(32 * 7, 32 * 8), 0);
  console.log(`${terminated} terminated, ${hits.length} hit`);
} else {
  // Without end: however late the main thread comes, it finds searches running.
  const searching = async () => {
    for (;;) await index.searchMany(hashes.subarray(0, 32 * 3000), 31);
  };
  const running = Array.from({ length: 8 }, searching);
  parentPort.postMessage("running");
  await Promise.all(running);
}
