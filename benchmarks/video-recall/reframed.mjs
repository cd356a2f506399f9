// Videos that come back in another frame: bars, crops, a turn. Each clip goes through every edit three times: as it is,
// as dark as a night, and as four seconds of it, which have few scenes. The list has one frame a second, and the
// search is `searchVideo` at level "standard".
import { existsSync } from "node:fs";
import { join } from "node:path";
import { hashVideo, VideoIndex } from "../../dist/doors/video.js";
import { encoder, ffmpeg } from "./scenes.mjs";

const even = "scale=trunc(iw/2)*2:trunc(ih/2)*2,setsar=1";

const sources = {
  "as it is": { filter: even },
  dark: { filter: `${even},lutyuv=y=16+(val-16)*0.4:u=128+(val-128)*0.6:v=128+(val-128)*0.6` },
  "four seconds": { before: ["-t", "4"], filter: even },
};

const edits = {
  "re-encode crf 28": "null",
  "black bars 12 %": "pad=iw:ih*1.24:0:ih*0.12:black",
  "crop 5 % a side": "crop=iw*0.9:ih*0.9",
  "crop 10 % a side": "crop=iw*0.8:ih*0.8",
  "turned by 3°": "rotate=3*PI/180",
};

const plainName = (name) => name.replaceAll(/[^a-z0-9]+/g, "-");

async function encoded(path, from, before, filter) {
  if (!existsSync(path)) await ffmpeg(...before, "-i", from, "-vf", filter, ...encoder, "-crf", "28", path);
  return path;
}

/** Prints how many of the edited clips were found, and how many matches were of another clip. */
export async function reframed(folder, clips) {
  for (const [source, { before = [], filter }] of Object.entries(sources)) {
    const index = new VideoIndex();
    const known = [];
    for (const { name, path } of clips) {
      const file = join(folder, `${name}-from-${plainName(source)}.mp4`);
      await encoded(file, path, before, filter);
      index.add(name, await hashVideo(file, { sampling: { fps: 1 } }));
      known.push({ name, file });
    }
    console.log(`\n${source}, in another frame; sampling of the list: 1, level standard`);
    for (const [edit, change] of Object.entries(edits)) {
      let [found, wrong] = [0, 0];
      for (const { name, file } of known) {
        const to = join(folder, `${name}-from-${plainName(source)}-${plainName(edit)}.mp4`);
        await encoded(to, file, [], `${change},${even}`);
        const { matches } = await index.searchVideo(to, { level: "standard" });
        if (matches.some(({ id }) => id === name)) found++;
        wrong += matches.filter(({ id }) => id !== name).length;
      }
      console.log(`  ${edit.padEnd(20)} found ${found} of ${known.length}  wrong ${wrong}`);
    }
    index.close();
  }
}
