// Workers that open one index file at once, search it, change what they opened and end in their several ways. A process
// of its own: what it guards against ends the whole process.
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { HashIndex } from "../../../dist/index.js";

const hashOf = (id) => {
  const hash = new Uint8Array(32);
  new DataView(hash.buffer).setUint32(4 * (id % 8), id * 2654435761);
  return hash;
};

async function main(path) {
  const count = 40_000;
  const ids = Array.from({ length: count }, (_, i) => i);
  const index = new HashIndex();
  index.addManySync(ids, ids.map(hashOf));
  await index.optimize();
  await index.save(path);
  index.close();
  const shared = await HashIndex.open(path);
  const workers = Array.from(
    { length: 6 },
    (_, i) => new Worker(new URL(import.meta.url), { workerData: { path, i } }),
  );
  // An index belongs to its thread: what arrives elsewhere has nothing of it.
  workers[0].postMessage(shared);
  const said = await Promise.all(workers.map((worker) => once(worker, "message")));
  console.log(said.map(([{ own, others, size, arrived }]) => `${own} ${others} ${size - count} ${arrived}`).join("\n"));
  // The odd ones are terminated, searching; the others end by themselves, without closing.
  const ends = workers.map((worker) => once(worker, "exit"));
  for (const [i, worker] of workers.entries()) if (i % 2 === 1) await worker.terminate();
  for (const [i, worker] of workers.entries()) if (i % 2 === 0) worker.postMessage("end");
  await Promise.all(ends);
  // Nothing of theirs is here, and the file is as it was.
  const again = await HashIndex.open(path);
  const own = [shared, again].map((index) => [1, 2, 3, 4, 5].map((i) => index.has(count + i)));
  const rows = [shared, again].map((index) => index.size - count);
  const hits = await Promise.all([shared, again].map((index) => index.search(hashOf(777), { radius: 0 })));
  console.log(JSON.stringify({ own: own.flat().some(Boolean), rows, hits: hits.map((list) => list.length) }));
}

async function work({ path, i }) {
  const index = await HashIndex.open(path, { verify: i % 2 === 0 ? "now" : "later" });
  const count = index.size;
  index.add(count + i, hashOf(9));
  index.remove(i);
  await index.optimize();
  const arrived =
    i === 0 ? await new Promise((resolve) => parentPort.once("message", (value) => resolve(typeof value.search))) : "-";
  const others = [0, 1, 2, 3, 4, 5].filter((k) => k !== i && index.has(count + k)).length;
  parentPort.postMessage({ own: index.has(count + i) && !index.has(i), others, size: index.size, arrived });
  if (i % 2 === 0) {
    await once(parentPort, "message");
    parentPort.close();
  } else {
    for (;;)
      await index.searchMany(
        Array.from({ length: 500 }, (_, k) => hashOf(k)),
        { radius: 31 },
      );
  }
}

await (isMainThread ? main(process.argv[2]) : work(workerData));
