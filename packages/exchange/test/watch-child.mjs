// Checks all that a store watches, and prints how many addresses that were and the most memory that it took, in MiB.
import { BankStore } from "empreinte/bank";
import { runWatch } from "../dist/watch/run-watch.js";

const store = await BankStore.open(process.argv[2]);
const checked = await runWatch(store, { allow: ["127.0.0.0/8"], pauseSeconds: 0, hosts: 64, deadlineSeconds: 60 });
await store.close();
console.log(JSON.stringify({ checked, memory: process.resourceUsage().maxRSS / 1024 }));
