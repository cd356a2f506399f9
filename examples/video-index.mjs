// node examples/video-index.mjs upload.mp4 known.mp4 known.vpdq.txt …
import { readFileSync } from "node:fs";
import { hashVideo, readVpdq, signatureFromVpdq, VideoIndex } from "empreinte/video";

const [upload, ...list] = process.argv.slice(2);
const index = new VideoIndex();
for (const path of list) {
  const text = path.endsWith(".txt");
  index.add(path, text ? signatureFromVpdq(readVpdq(readFileSync(path, "utf8"))) : await hashVideo(path));
}
for (const { id, segments } of await index.search(await hashVideo(upload, { sampling: "all" }))) {
  for (const { queryFrom, queryTo, knownFrom, knownTo, speed } of segments) {
    const [from, to, there, until] = [queryFrom, queryTo, knownFrom, knownTo].map((seconds) => seconds.toFixed(1));
    console.log(`${from}–${to} s is ${id} ${there}–${until} s, speed ${speed.toFixed(2)}`);
  }
}
