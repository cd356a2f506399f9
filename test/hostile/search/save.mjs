// Saves an index over the file that is there, again and again, until it is killed: first of 30,000 entries, then 30,001
// …
import { HashIndex } from "../../../dist/index.js";

const [path, from] = process.argv.slice(2);
const index = await HashIndex.open(path);
for (let id = Number(from); ; id++) {
  const hash = new Uint8Array(32);
  new DataView(hash.buffer).setFloat64(0, id);
  index.add(id, hash);
  process.stdout.write(`begin ${index.size}\n`);
  await index.save(path);
  process.stdout.write(`end ${index.size}\n`);
}
