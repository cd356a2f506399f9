// Terminates workers that do nothing but call into the addon, COUNT for each kind of call: the end then comes inside a
// call, where Node-API refuses what it otherwise never refuses. A process of its own: what it guards against ends the
// whole process.
//
//   node test/hostile/image/worker-calls.mjs COUNT
import { once } from "node:events";
import { writeSync } from "node:fs";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { HashIndex, hashImage, hashPixelsSync, hashToBytes, HashList } from "../../../dist/index.js";
import { openList } from "../../../dist/doors/lists.js";
import { VideoIndex } from "../../../dist/doors/video.js";
import { native } from "../../../dist/native/load.js";

const text = "0f1e2d3c4b5a6978".repeat(4);
const pixels = { data: Uint8Array.from({ length: 192 }, (_, i) => i * 37), width: 8, height: 8, channels: 3 };

/** Each runs for ever. */
const calls = {
  text: () => {
    for (;;) hashToBytes(text);
  },
  pixels: () => {
    for (;;) hashPixelsSync(pixels, { orientations: true });
  },
  "pixels off-thread": async () => {
    for (;;) await hashImage(pixels);
  },
  index: () => {
    for (;;) {
      const index = new HashIndex();
      index.add(1, text);
      index.searchSync(text, { radius: 31 });
      index.close();
    }
  },
  "search off-thread": async () => {
    const index = new HashIndex();
    index.add(1, text);
    for (;;) await index.search(text, { radius: 31, signal: new AbortController().signal });
  },
  lists: async () => {
    for (;;) for await (const entry of await openList(Buffer.from(`${text},a\nbad\n`))) if (entry === undefined) return;
  },
  videos: async () => {
    const digits = (i) => `${i}`.padStart(3, "0").repeat(22).slice(0, 64);
    const frames = Array.from({ length: 400 }, (_, i) => {
      return { number: i, timestampSeconds: i, lastTimestampSeconds: i, hash: digits(i), quality: 100, stable: true };
    });
    const film = { sampling: { fps: 1 }, frames, durationSeconds: 400, frameRate: 25, width: 1, height: 1 };
    for (;;) {
      const index = new VideoIndex();
      index.add("film", film);
      await index.search(film, { includeWeak: true, signal: new AbortController().signal });
      index.close();
    }
  },
  outputs: async () => {
    const target = new Uint8Array(192);
    for (;;) {
      let news;
      const come = new Promise((resolve) => (news = resolve));
      const opened = native.openOutputs(news);
      if (opened === undefined) continue; // not on Linux
      const { outputs, output } = opened;
      native.notifyOnStderr(outputs, true);
      native.fillOutputs(outputs, target);
      writeSync(output, pixels.data);
      native.closeChildEnds(outputs);
      await come;
      if (native.readStatus(outputs) === 0 || native.readStderr(outputs, target) > 0) return;
      native.hasUnrequestedData(outputs);
      native.closeOutputs(outputs);
    }
  },
  matches: async () => {
    for (;;) (await HashList.load({ name: "list", input: Buffer.from(`${text}\n`) })).close();
  },
};

if (isMainThread) {
  for (const name of Object.keys(calls)) {
    let terminated = 0;
    for (let i = 0; i < Number(process.argv[2]); i++) {
      const worker = new Worker(new URL(import.meta.url), { workerData: name });
      await once(worker, "message");
      await new Promise((resolve) => setTimeout(resolve, i % 5));
      if ((await worker.terminate()) === 1) terminated++;
    }
    console.log(`${name}: ${terminated} terminated`);
  }
} else {
  parentPort.postMessage("running");
  await calls[workerData]();
}
