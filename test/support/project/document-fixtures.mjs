// The files that the examples of README.md and docs/ name. All are generated: no real image and no real hash.
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { hashImage } from "empreinte";
import sharp from "sharp";

/** Repeatable numbers below `n` (xorshift32). */
function numbers(seed) {
  let state = seed * 2_654_435_761 || 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

/** A sky, hills, and shapes of many sizes. */
export async function drawImage(seed) {
  const next = numbers(seed);
  const colour = () => `rgb(${next(256)},${next(256)},${next(256)})`;
  const hills = Array.from({ length: 3 }, (_, i) => {
    const y = 200 + 120 * i + next(80);
    return `<path d="M0 ${y} Q ${next(400)} ${y - 100} 400 ${y} T 800 ${y + next(120)} V600 H0 Z" fill="${colour()}"/>`;
  });
  const shapes = Array.from({ length: 24 }, (_, i) => {
    const [x, y, size] = [next(800), next(600), 10 + next(i < 6 ? 180 : 60)];
    return next(2) === 0
      ? `<circle cx="${x}" cy="${y}" r="${size / 2}" fill="${colour()}"/>`
      : `<rect x="${x}" y="${y}" width="${size}" height="${10 + next(120)}" transform="rotate(${next(90)} ${x} ${y})" fill="${colour()}"/>`;
  });
  const sky = `<linearGradient id="g" x2="0" y2="1"><stop stop-color="${colour()}"/><stop offset="1" stop-color="${colour()}"/></linearGradient>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="600">${sky}<rect width="100%" height="100%" fill="url(#g)"/>${hills.join("")}${shapes.join("")}</svg>`;
  return sharp(Buffer.from(svg)).removeAlpha().png().toBuffer();
}

export async function writeImages(folder) {
  const at = (name) => join(folder, name);
  for (const name of ["photos", "uploads", "others"]) await mkdir(at(name), { recursive: true });
  const known = await Promise.all([1, 2, 3].map(drawImage));
  const hashes = await Promise.all(known.map(async (bytes) => (await hashImage(bytes)).hash));
  for (const [i, bytes] of known.entries()) {
    await sharp(bytes)
      .jpeg({ quality: 90 })
      .toFile(at(`photos/photo-${i + 1}.jpg`));
  }
  await writeFile(at("known.csv"), hashes.map((hash, i) => `${hash},case-${i + 1}\n`).join(""));
  await writeFile(at("partner.csv"), `${hashes[0]},case-1\n${"0".repeat(64)},all zero\n${hashes[1]},case-2\n`);
  // A file that was sent before, for exact matches.
  const original = await sharp(known[0]).jpeg({ quality: 90 }).toBuffer();
  await writeFile(at("original.jpg"), original);
  await sharp(known[0]).flop().resize(500).jpeg({ quality: 70 }).toFile(at("upload.jpg"));
  // What a feed on a telephone looks like: a bar above and below, the image between them.
  const bar = { input: { create: { width: 800, height: 120, channels: 3, background: "#f4f4f4" } } };
  const button = { input: { create: { width: 60, height: 60, channels: 3, background: "#3366cc" } } };
  await sharp(known[1])
    .extend({ top: 220, bottom: 520, left: 0, right: 0, background: "#ffffff" })
    .composite([
      { ...bar, top: 0, left: 0 },
      { ...button, top: 30, left: 40 },
      { ...button, top: 900, left: 60 },
      { ...button, top: 900, left: 200 },
    ])
    .png()
    .toFile(at("screenshot.png"));
  // The left fifth is gone.
  await sharp(known[2]).extract({ left: 160, top: 0, width: 640, height: 600 }).jpeg().toFile(at("crop.jpg"));
  await sharp(known[0]).resize(640).jpeg({ quality: 50 }).toFile(at("uploads/IMG_2041.jpg"));
  await sharp(known[1]).flop().jpeg({ quality: 60 }).toFile(at("uploads/me.jpg"));
  await writeFile(at("uploads/holiday.png"), await drawImage(100));
  await writeFile(at("uploads/cut.jpg"), original.subarray(0, original.length >> 1));
  await writeFile(at("uploads/notes.txt"), "Not an image.\n");
  for (const seed of [101, 102, 103]) await writeFile(at(`others/other-${seed}.png`), await drawImage(seed));
}

export async function writeVideos(folder, ffmpeg) {
  const at = (name) => join(folder, name);
  const run = (args) => promisify(execFile)(ffmpeg, ["-v", "error", "-nostdin", "-y", ...args]);
  const scenes = await Promise.all([21, 22, 23, 24, 25, 26].map(drawImage));
  await mkdir(at("scenes"), { recursive: true });
  for (const [i, bytes] of scenes.entries()) await writeFile(at(`scenes/${i}.png`), bytes);
  // Four seconds of each scene, moving slowly to the right.
  const inputs = scenes.flatMap((_, i) => ["-loop", "1", "-framerate", "12.5", "-t", "4", "-i", at(`scenes/${i}.png`)]);
  const moves = scenes.map((_, i) => `[${i}:v]crop=640:480:x=t*35:y=60,scale=320:240[s${i}]`);
  const graph = `${moves.join(";")};${scenes.map((_, i) => `[s${i}]`).join("")}concat=n=${scenes.length}[out]`;
  const coded = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"];
  await run([...inputs, "-filter_complex", graph, "-map", "[out]", ...coded, at("film.mp4")]);
  await run([
    "-ss",
    "9",
    "-t",
    "6",
    "-i",
    at("film.mp4"),
    "-vf",
    "scale=160:120",
    ...coded,
    "-crf",
    "30",
    at("clip.mp4"),
  ]);
}
