// node examples/video.mjs clip.mp4 [known.vpdq.txt]
import { readFileSync } from "node:fs";
import { hashVideo, compareVpdq, readVpdq, writeVpdq } from "empreinte/video";

const [clip, list] = process.argv.slice(2);
const onProgress = ({ timestampSeconds }) => process.stderr.write(`\r${timestampSeconds.toFixed(0)} s`);
const { frames, durationSeconds } = await hashVideo(clip, { sampling: { fps: 1 }, compat: "vpdq", onProgress });
console.error(`\r${frames.length} frames of ${durationSeconds.toFixed(1)} s`);
if (list === undefined) process.stdout.write(writeVpdq(frames));
else console.log(compareVpdq(frames, readVpdq(readFileSync(list, "utf8"))));
