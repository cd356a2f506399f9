/** Random faults from a seed, and a checker that compares every answer with the history of the store. */
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lying } from "../../../test/support/bank/bytes.ts";
import { random } from "../../../test/support/hashes.ts";
import { needsLongRun } from "../../../test/support/long.ts";
import { entriesOfCase, from, hashesOfCase, TestCluster } from "./support/cluster.ts";
import { hashesBelow } from "./support/files.ts";
import { Member } from "./support/process.ts";
import { needsNats, Servers } from "./support/servers.ts";

/** `EMPREINTE_SOAK_SECONDS=600` makes the soak ten minutes long, and `EMPREINTE_SOAK_SEED` takes another seed. */
const seconds = Number(process.env["EMPREINTE_SOAK_SECONDS"] ?? 40);
const seed = Number(process.env["EMPREINTE_SOAK_SEED"] ?? 1);

interface Case {
  added: number;
  /** The revision of its withdrawal. */
  withdrawn: number;
  /** When the call of its withdrawal had returned. */
  gone: number;
}

interface SearchAnswer {
  revision: number;
  value?: unknown[];
  incomplete?: string;
}

const never = Number.POSITIVE_INFINITY;
let servers: Servers;
let cluster: TestCluster;
const members = new Map<string, Member>();

beforeEach(async (ctx) => {
  needsNats(ctx);
  needsLongRun(ctx);
  servers = await Servers.start(1);
  cluster = new TestCluster(servers);
});
afterEach(async () => {
  for (const member of members.values()) await member.kill();
  await cluster?.close();
  await servers?.close();
});

const start = (id: string): Member => {
  const shared = { role: "node", id, store: "test", nats: { servers: servers.urls }, replicas: 1 };
  const member = new Member({ ...shared, path: cluster.path(id) });
  members.set(id, member);
  return member;
};

test(`after any faults, no answer had what was withdrawn before, and nothing is lost (seed ${seed})`, async () => {
  const next = random(seed);
  const names = ["one", "two", "three"];
  await cluster.store("curator", 0);
  const curator = await cluster.curator("curator");
  const cases = new Map<number, Case>();
  for (const name of names) await start(name).started();
  const faults: string[] = [];
  const wrong: string[] = [];
  let answers = 0;
  let refusals = 0;
  let over = false;

  const read = async (name: string): Promise<void> => {
    while (!over) {
      const member = members.get(name)!;
      const [number, known] = [...cases][next() % Math.max(1, cases.size)] ?? [];
      if (number === undefined || known === undefined) {
        await setTimeout(20);
        continue;
      }
      const begun = performance.now();
      const { gone } = known;
      // A member that is killed never answers.
      const answer = await member.call<SearchAnswer>("search", hashesOfCase(number)[0]!).catch(() => undefined);
      if (answer === undefined) {
        await setTimeout(20);
        continue;
      }
      const { revision, value, incomplete } = answer;
      if (value === undefined) {
        refusals++;
        if (incomplete === undefined) wrong.push(`${name}: neither a value nor a reason`);
        await setTimeout(20);
        continue;
      }
      answers++;
      const found = value.length > 0;
      const text = `${name} at revision ${revision}, case ${number} of ${known.added} … ${known.withdrawn}`;
      if (found && (revision >= known.withdrawn || begun > gone)) wrong.push(`found what was withdrawn: ${text}`);
      if (!found && revision >= known.added && known.withdrawn === never) wrong.push(`lost: ${text}`);
      await setTimeout(2);
    }
  };

  const actions: (() => Promise<void>)[] = [
    async () => {
      const number = cases.size + 100;
      await curator.store.import(from, entriesOfCase(number));
      cases.set(number, { added: curator.store.revision, withdrawn: never, gone: never });
    },
    async () => {
      const present = [...cases].filter(([, { withdrawn }]) => withdrawn === never);
      const [number, known] = present[next() % Math.max(1, present.length)] ?? [];
      if (number === undefined || known === undefined) return;
      const revision = curator.store.revision + 1;
      known.withdrawn = revision;
      const removal = await curator.withdraw({ case: `case ${number}` });
      if (removal.revision !== revision) wrong.push(`revision ${removal.revision}, not ${revision}`);
      known.gone = performance.now();
    },
    async () => {
      const name = names[next() % names.length]!;
      faults.push(`kill ${name}`);
      await members.get(name)!.kill();
      await setTimeout(next() % 1000);
      await start(name).started();
    },
    async () => {
      const member = members.get(names[next() % names.length]!)!;
      faults.push("stop");
      member.signal("SIGSTOP");
      await setTimeout(next() % 5000);
      member.signal("SIGCONT");
    },
    async () => {
      faults.push("kill NATS");
      await servers.kill(0);
      await setTimeout(next() % 3000);
      if (next() % 2 === 0) servers.wipe(0);
      servers.boot(0);
      await servers.ready();
    },
  ];

  const reading = names.map((name) => read(name));
  const end = performance.now() + 1000 * seconds;
  while (performance.now() < end) {
    const dice = next() % 20;
    await actions[dice < 10 ? 0 : dice < 14 ? 1 : 2 + (dice % 3)]!();
  }
  over = true;
  await Promise.all(reading);
  const { revision, digest } = curator.store.history.position();
  for (const name of names) {
    await expect
      .poll(() => members.get(name)!.call("state"), { interval: 100, timeout: 60_000 })
      .toEqual({ revision, digest, incomplete: undefined });
  }
  expect(wrong).toEqual([]);
  expect(curator.store.verify()).toEqual([]);
  const withdrawn = [...cases]
    .filter(([, known]) => known.withdrawn !== never)
    .flatMap(([number]) => hashesOfCase(number));
  expect(withdrawn.length).toBeGreaterThan(0);
  expect(faults.length).toBeGreaterThan(2);
  expect(answers).toBeGreaterThan(100);
  expect(refusals).toBeGreaterThan(0);
  for (const name of ["curator", ...names]) expect(lying(dirname(cluster.path(name)), withdrawn)).toEqual([]);
  expect(hashesBelow(servers.folder, [...cases.keys()].flatMap(hashesOfCase))).toEqual([]);
});
