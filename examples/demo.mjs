// The main jobs on images and a film made here, in under a minute: known images in a folder of uploads, an altered
// copy, a clip found in a film, and a bank that decides and takes an entry back. Exits 0 only when all came out as
// expected.
//
//   npm run demo
import { spawn, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hashImage } from "empreinte";
import { BankStore, Matcher } from "empreinte/bank";
import { findFfmpeg, hashVideo, VideoIndex } from "empreinte/video";
import sharp from "sharp";

const command = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

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

/** An image of its own for each seed: a sky, hills, and shapes of many sizes, as PNG. */
async function makeImage(seed) {
  const next = numbers(seed);
  const [width, height] = [800, 600];
  const colour = () => `rgb(${next(256)},${next(256)},${next(256)})`;
  const hills = Array.from({ length: 3 }, (_, i) => {
    const y = 200 + 120 * i;
    return `<path d="M0 ${y + next(80)} Q ${next(400)} ${y - 100 - next(150)} 400 ${y} T 800 ${y + next(120)} V600 H0 Z" fill="${colour()}"/>`;
  });
  const shapes = Array.from({ length: 24 }, (_, i) => {
    const [x, y, size] = [next(width), next(height), 10 + next(i < 6 ? 180 : 60)];
    return next(2) === 0
      ? `<circle cx="${x}" cy="${y}" r="${size / 2}" fill="${colour()}"/>`
      : `<rect x="${x}" y="${y}" width="${size}" height="${10 + next(120)}" transform="rotate(${next(90)} ${x} ${y})" fill="${colour()}"/>`;
  });
  const sky = `<linearGradient id="g" x2="0" y2="1"><stop stop-color="${colour()}"/><stop offset="1" stop-color="${colour()}"/></linearGradient>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${sky}<rect width="100%" height="100%" fill="url(#g)"/>${hills.join("")}${shapes.join("")}</svg>`;
  return sharp(Buffer.from(svg)).removeAlpha().png().toBuffer();
}

/** What happens to images on their way around. */
const alterations = {
  "same.png": (image) => image.png(),
  "recompressed.jpg": (image) => image.jpeg({ quality: 35 }),
  "resized.webp": (image) => image.resize(320).webp({ quality: 70 }),
  "mirrored.jpg": (image) => image.flop().jpeg({ quality: 80 }),
  "turned.png": (image) => image.rotate(90).png(),
  "brighter.jpg": (image) => image.modulate({ brightness: 1.15 }).jpeg({ quality: 85 }),
  "grey.png": (image) => image.greyscale().png(),
};

/** Runs the command, prints what it prints without the temporary folder's name, and returns its lines split at tabs. */
function empreinte(...args) {
  const short = (text) => text.replaceAll(`${folder}/`, "");
  console.log(`\n$ empreinte ${short(args.join(" "))}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { encoding: "utf8" });
  process.stdout.write(short(stdout + stderr));
  return {
    status,
    lines: stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split("\t")),
  };
}

let failures = 0;
/** Prints a result, and counts it where it is not as expected. */
function expect(good, text) {
  if (!good) failures++;
  console.log(`${good ? "As expected" : "NOT as expected"}: ${text}`);
}

/** Known images, each in seven altered forms, among unrelated ones. */
async function scanUploads(known, list) {
  const uploads = join(folder, "uploads");
  await mkdir(uploads);
  const expected = new Map();
  for (const [i, bytes] of known.entries()) {
    for (const [name, alter] of Object.entries(alterations)) {
      const path = join(uploads, `copy-of-${i + 1}-${name}`);
      await alter(sharp(bytes)).toFile(path);
      expected.set(path, `${list}:${i + 1}`);
    }
  }
  const unrelated = 12;
  for (let i = 0; i < unrelated; i++)
    await writeFile(join(uploads, `unrelated-${i + 1}.png`), await makeImage(100 + i));
  console.log(
    `1. ${known.length} known images; ${expected.size} copies and ${unrelated} unrelated images are uploaded.`,
  );
  const { status, lines } = empreinte("scan", "--list", list, uploads);
  const found = new Map(lines.map(([path, , , reference]) => [path, reference]));
  const right = [...expected].filter(([path, reference]) => found.get(path) === reference).length;
  const good = status === 1 && right === expected.size && lines.length === expected.size;
  expect(good, `${right} of ${expected.size} copies found, ${lines.length - right} wrong matches.`);
}

/** A known image inside a larger one: its own hash is another, but a part of the upload is the image. */
async function scanAlteredCopy(known, list) {
  console.log("\n2. A known image is made smaller and pasted on a wide white page.");
  const path = join(folder, "framed.png");
  const inside = await sharp(known[1]).resize(480).png().toBuffer();
  await sharp({ create: { width: 900, height: 620, channels: 3, background: "white" } })
    .composite([{ input: inside, left: 320, top: 90 }])
    .png()
    .toFile(path);
  const plain = empreinte("scan", "--list", list, path);
  const deep = empreinte("scan", "--level", "standard", "--list", list, path);
  const good = plain.lines.length === 0 && deep.lines.length === 1 && deep.lines[0][3] === `${list}:2`;
  expect(good, "the whole image does not match, the part of it does.");
}

/** A film of twelve scenes of two seconds, over which a camera moves. */
async function makeFilm(path, ffmpeg) {
  const [width, height, rate] = [320, 240, 10];
  const input = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${width}x${height}`, "-r", `${rate}`, "-i", "-"];
  const child = spawn(ffmpeg, ["-v", "error", "-y", ...input, "-pix_fmt", "yuv420p", path], {
    stdio: ["pipe", "inherit", "inherit"],
  });
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`ffmpeg ended with ${code}`))));
  });
  for (let scene = 0; scene < 12; scene++) {
    const image = sharp(await makeImage(200 + scene)).resize(640, 480);
    const pixels = await image.raw().toBuffer();
    for (let i = 0; i < 2 * rate; i++) {
      const extract = { left: 14 * i + scene, top: 4 * i, width, height };
      child.stdin.write(
        await sharp(pixels, { raw: { width: 640, height: 480, channels: 3 } })
          .extract(extract)
          .raw()
          .toBuffer(),
      );
    }
  }
  child.stdin.end();
  await ended;
}

/** Eight seconds of a film, smaller and compressed again, are found where they are. */
async function findClip() {
  console.log("\n3. Eight seconds of a film are cut out, made smaller and compressed once more.");
  const ffmpeg = await findFfmpeg();
  if (ffmpeg === undefined) throw new Error("No ffmpeg is there. Run `npm ci`, or install ffmpeg.");
  console.log(`ffmpeg ${ffmpeg.version}, found by ${ffmpeg.source}`);
  const [film, clip] = [join(folder, "film.mp4"), join(folder, "clip.mp4")];
  await makeFilm(film, ffmpeg.path);
  const cut = ["-v", "error", "-y", "-i", film, "-ss", "9", "-t", "8", "-vf", "scale=240:180", "-b:v", "200k", clip];
  if (spawnSync(ffmpeg.path, cut, { stdio: "inherit" }).status !== 0) throw new Error("ffmpeg could not cut the film");
  const index = new VideoIndex();
  index.add("film", await hashVideo(film));
  const matches = await index.search(await hashVideo(clip, { sampling: "all" }));
  const segments = matches.flatMap((match) => match.segments);
  for (const { queryFrom, queryTo, knownFrom, knownTo } of segments) {
    const [from, to, there, until] = [queryFrom, queryTo, knownFrom, knownTo].map((seconds) => seconds.toFixed(1));
    console.log(`seconds ${from} to ${to} of the clip are seconds ${there} to ${until} of the film`);
  }
  const [first] = segments;
  const good = segments.length === 1 && Math.abs(first.knownFrom - 9) <= 1 && Math.abs(first.knownTo - 17) <= 1;
  expect(good, "the clip is found at its place in the film.");
  index.close();
}

/** A bank blocks a known image, until the source takes it back. */
async function decideAndWithdraw(known) {
  console.log("\n4. A bank holds the known images with a policy. One of them is withdrawn.");
  const store = await BankStore.create(join(folder, "known.bank"));
  store.createBank({ name: "example", policy: { action: "block" } });
  const entries = await Promise.all(
    known.map(async (bytes, i) => ({
      id: `case-${i + 1}`,
      signals: [{ type: "pdq", value: (await hashImage(bytes)).hash, quality: 100 }],
    })),
  );
  await store.import({ bank: "example", source: "hotline" }, entries);
  const matcher = new Matcher(store);
  const upload = await sharp(known[0]).jpeg({ quality: 40 }).toBuffer();
  const before = await matcher.checkImage(upload);
  console.log(`before: ${before.action}, because of ${before.matches.map(({ entryId }) => entryId).join()}`);
  await store.withdraw({ bank: "example", source: "hotline", entryId: "case-1" });
  const after = await matcher.checkImage(upload);
  console.log(`after:  ${after.action}, ${after.matches.length} matches`);
  await store.close();
  expect(before.action === "block" && after.matches.length === 0, "it is blocked before, and matches nothing after.");
}

const folder = await mkdtemp(join(tmpdir(), "empreinte-demo-"));
try {
  const known = await Promise.all([1, 2, 3].map(makeImage));
  const lines = await Promise.all(known.map(async (bytes, i) => `${(await hashImage(bytes)).hash},case-${i + 1}`));
  const list = join(folder, "known.csv");
  await writeFile(list, `${lines.join("\n")}\n`);
  await scanUploads(known, list);
  await scanAlteredCopy(known, list);
  await findClip();
  await decideAndWithdraw(known);
  process.exitCode = failures === 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true });
}
