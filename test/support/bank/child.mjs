// What the test kills: opens a store and works on it until it is killed. A line on standard output for each step that
// has returned, written before the next begins.
//
//   node test/support/bank/child.mjs FILE FIRST COUNT SEED
import { writeSync } from "node:fs";
import { BankStore } from "../../../dist/doors/bank.js";
import { entriesOfCase } from "./entries.mjs";

const [path, first, count, seed] = process.argv.slice(2);
const store = await BankStore.open(path);
const from = { bank: "ncii", source: "hotline" };
writeSync(1, "ready\n");
for (let i = Number(first); i < Number(first) + Number(count); i++) {
  // In turn: what is there is ended, and something new comes.
  if ((i + Number(seed)) % 2 === 0) await store.erase({ case: `case ${i}` });
  else await store.withdraw({ case: `case ${i}` });
  writeSync(1, `ended ${i}\n`);
  await store.import(from, entriesOfCase(10_000 + i));
  writeSync(1, `added ${10_000 + i}\n`);
}
writeSync(1, "finished\n");
await store.close();
