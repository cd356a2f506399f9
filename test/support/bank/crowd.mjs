// One of several processes that use a store at the same time. A line of JSON at the end: how many steps it took, and
// the codes of the errors it met.
//
//   node test/support/bank/crowd.mjs FILE open|save|withdraw STEPS FIRST
import { BankStore } from "../../../dist/doors/bank.js";
import { entriesOfCase } from "./entries.mjs";

const [path, role, steps, first] = process.argv.slice(2);
const from = { bank: "ncii", source: `hotline ${role}` };
const options = { timeoutSeconds: 60 };
const errors = [];
const attempt = async (work) => {
  try {
    await work();
  } catch (error) {
    errors.push(`${error.code} ${error.message}`);
  }
};
if (role === "open") {
  for (let i = 0; i < steps; i++) await attempt(async () => (await BankStore.open(path, options)).close());
} else {
  const store = await BankStore.open(path, options);
  for (let i = 0; i < steps; i++) {
    const number = Number(first) + i;
    await attempt(async () => {
      await store.import(from, entriesOfCase(number));
      if (role === "withdraw") await store.withdraw({ case: `case ${number}` });
    });
  }
  await attempt(() => store.close());
}
console.log(JSON.stringify({ role, steps: Number(steps), errors }));
