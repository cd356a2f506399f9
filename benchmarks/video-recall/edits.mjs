// What happens to a clip before it comes back. Each edit says where its seconds come from: [query from, query to, known
// from, known to], and at which speed.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { encoder, ffmpeg } from "./scenes.mjs";

const even = "scale=trunc(iw/2)*2:trunc(ih/2)*2,setsar=1";
const whole = ({ seconds }) => [0, seconds, 0, seconds];

/** name → {filter | make, truth, speed}; `about` is {path, seconds, rate, width, height}. */
export const edits = {
  "re-encode crf 28": { crf: 28, filter: () => even, truth: whole },
  "re-encode crf 38": { crf: 38, filter: () => even, truth: whole },
  "half size": { filter: () => "scale=trunc(iw/4)*2:trunc(ih/4)*2,setsar=1", truth: whole },
  "12 fps": { filter: () => `${even},fps=12`, truth: whole },
  "half rate, offset": {
    before: ["-ss", "0.37"],
    filter: ({ rate }) => `${even},fps=${(rate / 2).toFixed(3)}`,
    truth: ({ seconds }) => [0, seconds - 0.37, 0.37, seconds],
  },
  "speed 1.25": {
    filter: () => `${even},setpts=PTS/1.25`,
    truth: ({ seconds }) => [0, seconds / 1.25, 0, seconds],
    speed: 1.25,
  },
  "trim 2 s": {
    before: ({ seconds }) => ["-ss", (0.37 * seconds).toFixed(3), "-t", "2"],
    filter: () => even,
    truth: ({ seconds }) => [0, 2, 0.37 * seconds, 0.37 * seconds + 2],
  },
  "middle half": {
    before: ({ seconds }) => ["-ss", (seconds / 4).toFixed(3), "-t", (seconds / 2).toFixed(3)],
    filter: () => even,
    truth: ({ seconds }) => [0, seconds / 2, seconds / 4, (3 * seconds) / 4],
  },
  compilation: { others: true, truth: ({ seconds }) => [4, 4 + seconds, 0, seconds] },
  subtitle: {
    filter: () =>
      `${even},drawtext=font=DejaVu Sans:text='You were not supposed to see this':fontsize=h/18:fontcolor=white:borderw=2:x=(w-tw)/2:y=h-2.2*th`,
    truth: whole,
  },
  logo: {
    filter: () =>
      `${even},drawbox=x=iw*0.82:y=ih*0.05:w=iw*0.14:h=iw*0.08:color=yellow@0.9:t=fill,drawtext=font=DejaVu Sans Bold:text='TV':fontsize=w/18:fontcolor=navy:x=w*0.845:y=h*0.07`,
    truth: whole,
  },
  "warm filter": {
    filter: () => `${even},colorchannelmixer=rr=1.1:gg=0.98:bb=0.8,eq=gamma=1.1:saturation=1.2`,
    truth: whole,
  },
};

/** The edited clip, made where it is not there yet. `others`: two clips that stand before and behind it. */
export async function edited(folder, name, about, others) {
  const edit = edits[name];
  const path = join(folder, `${about.name}-${name.replaceAll(/[^a-z0-9]+/g, "-")}.mp4`);
  if (existsSync(path)) return path;
  const output = [...encoder, "-crf", edit.crf ?? 23, path];
  if (edit.others) {
    const graph = [0, 1, 2]
      .map((i) => `[${i}:v]fps=25,scale=640:360,setsar=1,format=yuv420p[v${i}]`)
      .concat("[v0][v1][v2]concat=n=3:v=1:a=0");
    const ends = ["-t", "4", "-i"];
    await ffmpeg(
      ...ends,
      others[0],
      "-i",
      about.path,
      ...ends,
      others[1],
      "-filter_complex",
      graph.join(";"),
      ...output,
    );
    return path;
  }
  const before = typeof edit.before === "function" ? edit.before(about) : (edit.before ?? []);
  await ffmpeg(...before, "-i", about.path, "-vf", edit.filter(about), ...output);
  return path;
}
