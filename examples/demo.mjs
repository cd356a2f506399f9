// The main job on pictures made here: a small bank of known pictures, altered copies of them and unrelated pictures in an
// upload folder, and the command's own scan of that folder. Exits 0 only when every copy is found and nothing else is.
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hashImage } from "empreinte";
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

/** A picture of its own for each seed: a sky, hills, and shapes of many sizes, as PNG. */
async function picture(seed) {
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

/** What happens to pictures on their way around. */
const alterations = {
  "same.png": (image) => image.png(),
  "recompressed.jpg": (image) => image.jpeg({ quality: 35 }),
  "resized.webp": (image) => image.resize(320).webp({ quality: 70 }),
  "mirrored.jpg": (image) => image.flop().jpeg({ quality: 80 }),
  "turned.png": (image) => image.rotate(90).png(),
  "brighter.jpg": (image) => image.modulate({ brightness: 1.15 }).jpeg({ quality: 85 }),
  "grey.png": (image) => image.greyscale().png(),
};

const folder = await mkdtemp(join(tmpdir(), "empreinte-demo-"));
try {
  const uploads = join(folder, "uploads");
  await mkdir(uploads);

  const bank = await Promise.all([1, 2, 3].map(picture));
  const lines = await Promise.all(bank.map(async (bytes, i) => `${(await hashImage(bytes)).hash},case-${i + 1}`));
  const list = join(folder, "known.csv");
  await writeFile(list, `${lines.join("\n")}\n`);

  const expected = new Map();
  for (const [i, bytes] of bank.entries()) {
    for (const [name, alter] of Object.entries(alterations)) {
      const path = join(uploads, `copy-of-${i + 1}-${name}`);
      await alter(sharp(bytes)).toFile(path);
      expected.set(path, `case-${i + 1}`);
    }
  }
  const unrelated = 12;
  for (let i = 0; i < unrelated; i++) await writeFile(join(uploads, `unrelated-${i + 1}.png`), await picture(100 + i));

  console.log(
    `${bank.length} known pictures; ${expected.size} altered copies and ${unrelated} unrelated pictures to scan.\n` +
      `Expected: a match for each copy, none for the others.\n\n$ empreinte scan --list known.csv uploads/`,
  );
  const scan = spawnSync(process.execPath, [command, "scan", "--list", list, uploads], { encoding: "utf8" });
  // Shorter to read: the temporary folder's name says nothing.
  console.log(scan.stdout.replaceAll(`${uploads}/`, "").replaceAll(`${folder}/`, "") + scan.stderr);

  const found = new Map();
  for (const line of scan.stdout.split("\n").filter(Boolean)) {
    const [path, , , , metadata] = line.split("\t");
    found.set(path, [...(found.get(path) ?? []), metadata]);
  }
  const missed = [...expected].filter(([path, label]) => !found.get(path)?.includes(label));
  const wrong = [...found].filter(([path, labels]) => labels.some((label) => label !== expected.get(path)));
  const good = scan.status === 1 && missed.length === 0 && wrong.length === 0;
  console.log(
    `${good ? "As expected" : "NOT as expected"}: ${expected.size - missed.length} of ${expected.size} copies found, ` +
      `${wrong.length} wrong matches, exit status ${scan.status} (1: something was found).`,
  );
  process.exitCode = good ? 0 : 1;
} finally {
  await rm(folder, { recursive: true });
}
