// Clips that are generated: scenes of a generated image each, still, under a pan or a zoom, with cuts between them; and
// what unrelated videos share: black, a title card, a countdown, test patterns.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findFfmpeg } from "../../dist/doors/video.js";

const program = (await findFfmpeg())?.path ?? "ffmpeg";

export function ffmpeg(...args) {
  const child = spawn(program, ["-nostdin", "-v", "error", "-y", ...args.map(String)], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`ffmpeg ended with ${code}`))));
  });
}

export const encoder = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-an"];

/** mulberry32: numbers in [0, 1). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const imageWidth = 1280;
const imageHeight = 720;

/** An image with the spectrum of a photograph: noise of six octaves, and ellipses of one brightness before it. */
function image(seed) {
  const next = random(seed);
  const pixels = new Float32Array(imageWidth * imageHeight);
  for (let octave = 0; octave < 6; octave++) {
    const cells = 3 * 2 ** octave;
    const grid = Float32Array.from({ length: (cells + 2) * (cells + 2) }, () => next() - 0.5);
    const amplitude = 1.6 ** -octave;
    for (let y = 0; y < imageHeight; y++) {
      const gy = (y * cells) / imageHeight;
      const row = Math.floor(gy);
      const fy = (gy - row) ** 2 * (3 - 2 * (gy - row));
      for (let x = 0; x < imageWidth; x++) {
        const gx = (x * cells) / imageWidth;
        const column = Math.floor(gx);
        const fx = (gx - column) ** 2 * (3 - 2 * (gx - column));
        const at = row * (cells + 2) + column;
        const above = grid[at] + (grid[at + 1] - grid[at]) * fx;
        const below = grid[at + cells + 2] + (grid[at + cells + 3] - grid[at + cells + 2]) * fx;
        pixels[y * imageWidth + x] += amplitude * (above + (below - above) * fy);
      }
    }
  }
  for (let i = 0; i < 12; i++) {
    const [cx, cy] = [next() * imageWidth, next() * imageHeight];
    const [rx, ry] = [40 + next() * 200, 40 + next() * 160];
    const level = next() - 0.5;
    for (let y = Math.max(0, Math.ceil(cy - ry)); y < Math.min(imageHeight, cy + ry); y++) {
      for (let x = Math.max(0, Math.ceil(cx - rx)); x < Math.min(imageWidth, cx + rx); x++) {
        if (((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1) {
          pixels[y * imageWidth + x] = 0.5 * pixels[y * imageWidth + x] + level;
        }
      }
    }
  }
  return Uint8Array.from(pixels, (value) => Math.max(0, Math.min(255, 128 + 130 * value)));
}

async function imageFile(folder, seed) {
  const path = join(folder, `image-${seed}.pgm`);
  if (!existsSync(path)) {
    const header = `P5\n${imageWidth} ${imageHeight}\n255\n`;
    await writeFile(path, Buffer.concat([Buffer.from(header), image(seed)]));
  }
  return path;
}

/** What the camera does in a scene: a filter of ffmpeg from the image to 640×360. */
function move(kind, next, seconds) {
  if (kind === "still") return "scale=800:450,crop=640:360";
  if (kind === "zoom") {
    return `scale=w='2*trunc((640+${Math.round(200 + 300 * next())}*t/${seconds})/2)':h=-2:eval=frame,crop=640:360`;
  }
  const [a, b] = [next(), next()];
  return `crop=640:360:x='(iw-ow)*(${a.toFixed(3)}+${(b > 0.5 ? 1 - a : -a).toFixed(3)}*t/${seconds})':y='(ih-oh)*${next().toFixed(3)}'`;
}

const rates = [24, 25, 30];

/** A clip of `count` scenes of 2 to 6 seconds each. */
export async function clip(folder, seed, count = 4) {
  const path = join(folder, `clip-${seed}.mp4`);
  if (existsSync(path)) return path;
  const next = random(1000 + seed);
  const rate = rates[seed % rates.length];
  const inputs = [];
  const filters = [];
  for (let i = 0; i < count; i++) {
    const kind = ["still", "pan", "zoom"][Math.floor(next() * 3)];
    const seconds = (2 + 4 * next()).toFixed(2);
    inputs.push("-loop", "1", "-framerate", String(rate), "-t", seconds, "-i", await imageFile(folder, 100 * seed + i));
    filters.push(`[${i}:v]${move(kind, next, seconds)},setsar=1[v${i}]`);
  }
  const joined = Array.from({ length: count }, (_, i) => `[v${i}]`).join("");
  const graph = `${filters.join(";")};${joined}concat=n=${count}:v=1:a=0,noise=alls=4:allf=t`;
  await ffmpeg(...inputs, "-filter_complex", graph, ...encoder, "-crf", "20", path);
  return path;
}

const text = (value, size) =>
  `drawtext=font=DejaVu Sans:text='${value}':fontsize=${size}:fontcolor=white:x=(w-tw)/2:y=(h-th)/2`;

/** What many videos begin with, each as a source of ffmpeg. */
export const leaders = {
  black: "color=black:s=640x360:r=25:d=3",
  title: `color=0x203060:s=640x360:r=25:d=3,${text("An ordinary evening", 48)}`,
  countdown: `color=gray:s=640x360:r=25:d=5,drawbox=x=0:y=178:w=640:h=4:color=black:t=fill,drawbox=x=318:y=0:w=4:h=360:color=black:t=fill,${text("%{eif\\:5-floor(t)\\:d}", 250)}`,
  bars: "smptebars=s=640x360:r=25:d=3",
  hdbars: "smptehdbars=s=640x360:r=25:d=3",
  pattern: "testsrc=s=640x360:r=25:d=5",
  pattern2: "testsrc2=s=640x360:r=25:d=5",
};

/** Which leaders stand before the content of each of twenty-one unrelated videos. */
export const mixes = [
  ["black"],
  ["title"],
  ["countdown"],
  ["bars"],
  ["pattern"],
  ["pattern2"],
  ["black", "title"],
  ["title", "countdown"],
  ["bars", "countdown"],
  ["hdbars"],
  ["black", "countdown"],
  ["pattern", "title"],
  ["countdown", "title"],
  ["bars", "black"],
  ["pattern2", "black"],
  ["title", "bars"],
  ["hdbars", "countdown"],
  ["black", "pattern"],
  ["title", "pattern2"],
  ["countdown", "bars"],
  ["pattern", "pattern2"],
];

/** A clip behind some of the leaders. */
export async function ledClip(folder, seed, names) {
  const path = join(folder, `led-${seed}.mp4`);
  if (existsSync(path)) return path;
  const content = await clip(folder, seed, 3);
  const inputs = names.flatMap((name) => ["-f", "lavfi", "-i", leaders[name]]);
  const all = Array.from({ length: names.length + 1 }, (_, i) => i);
  const graph = `${all.map((i) => `[${i}:v]fps=25,setsar=1,format=yuv420p[v${i}]`).join(";")};${all.map((i) => `[v${i}]`).join("")}concat=n=${all.length}:v=1:a=0`;
  await ffmpeg(...inputs, "-i", content, "-filter_complex", graph, ...encoder, "-crf", "23", path);
  return path;
}
