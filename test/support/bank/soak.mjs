// One of several processes that work on a store until they are killed. A line on standard output for each step that has
// returned, written before the next begins.
//
//   node test/support/bank/soak.mjs FILE change|search|hold|open FIRST COUNT SEED [ENDED,…]
//
// change   ends case FIRST, then adds case 10,000 + FIRST, and so on, COUNT times
// search   searches for cases below FIRST + COUNT, and says when one of those that have ENDED matches
// hold     reads in one transaction after another, so that SQLite keeps its log
// open     opens and closes the store
import { writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import Libsql from "libsql";
import { BankStore } from "../../../dist/doors/bank.js";
import { entriesOfCase, hashesOfCase } from "./entries.mjs";

const [path, role, first, count, seed] = process.argv.slice(2, 7).map((one, i) => (i < 2 ? one : Number(one)));
const ended = new Set((process.argv[7] ?? "").split(",").filter(Boolean).map(Number));
const say = (line) => writeSync(1, `${line}\n`);
let state = seed + 1;
const below = (limit) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
};

/** Does a step. What the store refuses, for a full disk or a path that has gone, is said and is no failure. */
async function step(name, work) {
  try {
    await work();
    say(name);
    return true;
  } catch (error) {
    if (!/^ERR_EMPREINTE_(WRITE|READ|BUSY|BANK_FILE|INDEX_FILE)$/.test(error.code)) throw error;
    say(`refused ${error.code}`);
    return false;
  }
}

async function opened() {
  for (;;) {
    let store;
    if (await step("ready", async () => void (store = await BankStore.open(path, { timeoutSeconds: 1 })))) return store;
    await setTimeout(10);
  }
}

const roles = {
  async change() {
    const store = await opened();
    const from = { bank: "ncii", source: "hotline" };
    for (let i = first; i < first + count; i++) {
      const match = { case: `case ${i}` };
      const end = () => (below(2) === 0 ? store.erase(match) : store.withdraw(match));
      // What was refused is tried again, as an operator would.
      for (let tries = 0; tries < 5 && !(await step(`ended ${i}`, end)); tries++) await setTimeout(20);
      await step(`added ${10_000 + i}`, () => store.import(from, entriesOfCase(10_000 + i)));
      if (below(4) === 0) await step("checkpoint", () => store.checkpoint());
    }
    say("finished");
    await setTimeout(60_000);
  },
  async search() {
    const store = await opened();
    for (;;) {
      const number = below(first + count);
      const values = hashesOfCase(number);
      let hits = [];
      const searched = await step(
        "searched",
        async () => void (hits = await store.search(values[below(values.length)])),
      );
      if (searched && ended.has(number) && hits.length > 0) say(`matched ${number}`);
    }
  },
  async hold() {
    for (;;) {
      try {
        const database = new Libsql(path, { readonly: true });
        database.exec("BEGIN");
        database.prepare("SELECT count(*) FROM entry").get();
        say("holds");
        await setTimeout(below(60));
        database.close();
      } catch (error) {
        if (error.code === undefined) throw error;
      }
      await setTimeout(20 + below(200));
    }
  },
  async open() {
    for (;;) {
      const store = await opened();
      await step("closed", () => store.close());
      await setTimeout(below(20));
    }
  },
};
await roles[role]();
