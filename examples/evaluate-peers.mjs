// node examples/evaluate-peers.mjs photos out
// Two other hashers beside ours: blockhash (256 bits) from the registry, and dHash (64 bits), which is a few lines.
import { bmvbhash } from "blockhash-core";
import { evaluate, plainMethod, writeEvaluation } from "empreinte/evaluate";
import sharp from "sharp";

async function blockhash(bytes) {
  const image = sharp(bytes).ensureAlpha().toColourspace("srgb").raw();
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  return BigInt(`0x${bmvbhash({ data, width: info.width, height: info.height }, 16)}`);
}

/** Is each of 9 × 8 grey samples brighter than its left neighbour? */
async function dhash(bytes) {
  const grey = await sharp(bytes).greyscale().resize(9, 8, { fit: "fill" }).raw().toBuffer();
  let hash = 0n;
  for (let i = 0; i < 72; i++) if (i % 9 > 0) hash = (hash << 1n) | BigInt(grey[i] > grey[i - 1]);
  return hash;
}

function bitsOf(value) {
  let bits = 0;
  for (; value > 0n; value &= value - 1n) bits++;
  return bits;
}

/** The radius is the one their authors speak of. */
function peer(name, hash, bits, radius) {
  let known;
  return {
    name,
    bits,
    radius,
    prepare: async (list) => (known = await Promise.all(list.map(async (image) => hash(await image.bytes())))),
    find: async ({ bytes }) => {
      const query = await hash(bytes);
      return { matches: known.map((other, listIndex) => ({ listIndex, distance: bitsOf(query ^ other) })) };
    },
  };
}

const [photos, out, attacks = "suite", generated = "20"] = process.argv.slice(2);
const report = await evaluate(photos, {
  attacks,
  generated: Number(generated),
  folder: out,
  methods: [peer("dhash", dhash, 64, 10), peer("blockhash", blockhash, 256, 10), plainMethod()],
});
await writeEvaluation(report, out);
for (const { name, recall, falseMatches } of report.methods) {
  console.log(`${name}: recall ${(100 * recall.match).toFixed(1)} %, ${falseMatches.matches} false matches`);
}
