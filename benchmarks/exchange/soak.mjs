// A simulated year of four exchanges, with faults and kills at random. It exits with 1 if the store is not as they are.
// npm run bench:exchange-soak -- [--records 2000000] [--kills 200] [--seed 1]
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { soak } from "../../packages/exchange/test/soak/soak.mjs";

const { values } = parseArgs({
  options: {
    records: { type: "string", default: "2000000" },
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
  },
});
const [records, kills, seed] = [values.records, values.kills, values.seed].map(Number);
console.log(`${cpus()[0].model}, Node.js ${process.version}: ${records} records, ${kills} kills, seed ${seed}`);
const start = performance.now();
const result = await soak({ records, kills, seed, onMonth: console.log });
const { user, system } = process.cpuUsage();
const { errors, takenTimes, sentTimes, ...rest } = result;
console.log(rest);
const listed = (times) => times.map((n, often) => `${often}: ${n}`).join(", ");
console.log(`versions of records by how often they were taken: ${listed(takenTimes)}`);
console.log(`versions of records by how often they were sent on a whole page: ${listed(sentTimes)}`);
const seconds = (microseconds) => Math.round(microseconds / 1e6);
console.log(
  `${Math.round((performance.now() - start) / 1000)} s, of which the exchanges and searches took ${seconds(user + system)} s of a processor`,
);
for (const error of errors) console.log(error);
console.log(
  errors.length === 0
    ? `all ${result.active} active records are as the exchanges have them`
    : `${errors.length} errors`,
);
process.exitCode = errors.length === 0 ? 0 : 1;
