// Saves an index and a pair in a folder that is then too small for larger ones; says what happened and what is left.
import { createHash } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HashIndex, HashList } from "../../../dist/index.js";

const folder = process.argv[2];
const hex = (i) => createHash("sha256").update(String(i)).digest("hex");
const list = (count) =>
  new TextEncoder().encode(Array.from({ length: count }, (_, i) => `${hex(i + 1)},image ${i}\n`).join(""));
const ids = (from, count) => Array.from({ length: count }, (_, i) => from + i);
const say = (what) => console.log(what);
const outcome = (promise) =>
  promise.then(
    () => "done",
    (error) => error.code,
  );

const single = join(folder, "single.idx");
const pair = join(folder, "pair.idx");
const index = new HashIndex();
index.addManySync(ids(0, 3000), ids(0, 3000).map(hex));
say(`index: ${await outcome(index.save(single))}`);
say(`pair: ${await outcome(HashList.build(list(3000), pair))}`);
index.addManySync(ids(3000, 60_000), ids(3000, 60_000).map(hex));
for (let i = 0; i < 3; i++) {
  say(`larger index: ${await outcome(index.save(single))}`);
  say(`larger pair: ${await outcome(HashList.build(list(63_000), pair))}`);
}
// Not a byte is left.
const filling = join(folder, "filling");
for (let size = 2 ** 20; size > 0; size = Math.floor(size / 2)) {
  try {
    for (;;) writeFileSync(filling, new Uint8Array(size), { flag: "a" });
  } catch (error) {
    if (error.code !== "ENOSPC") throw error;
  }
}
say(`on a full disk: ${await outcome(index.save(single))} ${await outcome(HashList.build(list(3), pair))}`);
say(readdirSync(folder).toSorted().join(" "));
const opened = await HashIndex.open(single);
const known = await HashList.open(pair);
const [match] = known.searchSync({ hash: hex(3000), quality: 100, stable: true });
say(`${opened.size} ${opened.searchSync(hex(7), { radius: 0 }).map(({ id }) => id)} ${known.size} ${match.metadata}`);
