// What the test kills: opens a store of videos and works on it until it is killed. A line on standard output for each
// step that has returned, written before the next begins.
//
//   node test/support/bank/video-child.mjs FILE FIRST COUNT SEED
import { writeSync } from "node:fs";
import { BankStore } from "../../../dist/doors/bank.js";
import { videoOf } from "./video-entries.mjs";

const [path, first, count, seed] = process.argv.slice(2);
const store = await BankStore.open(path);
const from = { bank: "films", source: "s" };
writeSync(1, "ready\n");
for (let i = Number(first); i < Number(first) + Number(count); i++) {
  if ((i + Number(seed)) % 2 === 0) await store.erase({ case: `case ${i}` });
  else await store.withdraw({ case: `case ${i}` });
  writeSync(1, `ended ${i}\n`);
  await store.import(from, [videoOf(10_000 + i)]);
  writeSync(1, `added ${10_000 + i}\n`);
}
writeSync(1, "finished\n");
await store.close();
