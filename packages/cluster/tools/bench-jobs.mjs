// The queue on this machine, without the checks themselves: its workers have a node that answers at once. Beside it, a
// bare work queue of NATS with the same messages: published, pulled one by one, a result stored, acknowledged.
//
//   npm run bench:jobs -- [--jobs 5000] [--concurrency 32]
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AckPolicy, jetstreamManager, RetentionPolicy } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { JobQueue, Worker } from "../dist/index.js";
import { startServer } from "./nats.mjs";

const { values } = parseArgs({
  options: { jobs: { type: "string", default: "5000" }, concurrency: { type: "string", default: "32" } },
});
const [jobs, concurrency] = [values.jobs, values.concurrency].map(Number);
const folder = mkdtempSync(join(tmpdir(), "empreinte-bench-jobs-"));
const line = (name, count, { took, cpu }) =>
  `${name.padEnd(46)}${((1000 * count) / took).toFixed(0).padStart(7)} a second, ${(cpu / count).toFixed(3)} ms of processor time each`;
async function measured(work) {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { took: performance.now() - start, cpu: (user + system) / 1000 };
}
const several = (count, work) => Promise.all(Array.from({ length: count }, (_, i) => work(i)));

const { nats, stop } = await startServer(folder);
try {
  console.log(`${cpus()[0].model}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)} at the start`);
  console.log(`${jobs} jobs, ${concurrency} at once, everything but the nats-server in one process\n`);

  const nc = await connect(nats);
  const jsm = await jetstreamManager(nc);
  const js = jsm.jetstream();
  await jsm.streams.add({ name: "BARE", subjects: ["bare.*"], retention: RetentionPolicy.Workqueue });
  await jsm.streams.add({ name: "DONE", subjects: ["done.*"] });
  await jsm.consumers.add("BARE", { durable_name: "workers", ack_policy: AckPolicy.Explicit });
  const consumer = await js.consumers.get("BARE", "workers");
  const payload = JSON.stringify({ id: "upload-1", handle: { key: "k" } });
  const bareIn = await measured(() =>
    several(256, async (i) => {
      for (let n = i; n < jobs; n += 256) await js.publish(`bare.${n}`, payload);
    }),
  );
  let left = jobs;
  const bareOut = await measured(() =>
    several(concurrency, async () => {
      while (left-- > 0) {
        const message = await consumer.next({ expires: 5000 });
        await js.publish(`done.${message.seq}`, payload, { expect: { lastSubjectSequence: 0 } });
        message.ack();
      }
    }),
  );
  console.log(line("bare NATS: published", jobs, bareIn));
  console.log(line("bare NATS: pulled, result stored, acknowledged", jobs, bareOut));

  const queue = await JobQueue.open({ store: "bench", nats });
  const submitted = await measured(() =>
    several(256, async (i) => {
      for (let n = i; n < jobs; n += 256) await queue.submit({ id: `upload-${n}`, handle: { key: "k" } });
    }),
  );
  const decision = { action: "none", matches: [], reasons: [], revision: 1, time: 0, query: { quality: 100 } };
  const node = { revision: 1, incomplete: undefined, checkImage: async () => ({ revision: 1, value: decision }) };
  let worker;
  const done = await measured(async () => {
    worker = await Worker.start({
      store: "bench",
      nats,
      id: "w",
      node,
      concurrency,
      handles: { fetch: async () => new Uint8Array(1) },
    });
    while (worker.counts.done < jobs) await new Promise((resolve) => setTimeout(resolve, 5));
  });
  console.log(line("the queue: submitted", jobs, submitted));
  console.log(line("the queue: done by one worker", jobs, done));
  const more = (done.cpu - bareOut.cpu + submitted.cpu - bareIn.cpu) / jobs;
  console.log(`\na job costs ${more.toFixed(3)} ms of processor time more than bare NATS`);

  // One after the other: how long a job waits for nothing.
  const times = [];
  for (let i = 0; i < 300; i++) {
    const start = performance.now();
    await queue.submit({ id: `single-${i}`, handle: { key: "k" } });
    while (worker.counts.done < jobs + i + 1) await new Promise((resolve) => setImmediate(resolve));
    times.push(performance.now() - start);
  }
  const bare = [];
  for (let i = 0; i < 300; i++) {
    const start = performance.now();
    await js.publish(`bare.single-${i}`, payload);
    const message = await consumer.next({ expires: 5000 });
    await js.publish(`done.single-${i}`, payload);
    message.ack();
    bare.push(performance.now() - start);
  }
  const p = (all, share) => all.toSorted((a, b) => a - b)[Math.floor(share * all.length)].toFixed(2);
  console.log(`one job from submit to its stored result:    p50 ${p(times, 0.5)} ms, p99 ${p(times, 0.99)} ms`);
  console.log(`the same with bare NATS:                     p50 ${p(bare, 0.5)} ms, p99 ${p(bare, 0.99)} ms`);
  await worker.close();
  await queue.close();
  await nc.close();
  console.log(`load ${loadavg()[0].toFixed(1)} at the end`);
} finally {
  stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
