/** Jobs: uploads that workers hash and check. */
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { hashVideo } from "empreinte/video";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { signalsOf } from "../../../test/support/bank/videos.ts";
import { needsLongRun } from "../../../test/support/long.ts";
import { ffmpeg, makeFilm, noFfmpeg } from "../../../test/support/video/video.ts";
import { type DeadLetter, type Job, JobQueue, type JobResult, type Priority, serveMetrics } from "../dist/index.js";
import { pull, workersOf } from "../src/jobs/streams.ts";
import { openLink } from "../src/net/link.ts";
import { from, TestCluster } from "./support/cluster.ts";
import { hashesBelow } from "./support/files.ts";
import { image, TestJobs } from "./support/jobs.ts";
import { Member } from "./support/process.ts";
import { natsServer, needsNats, Servers } from "./support/servers.ts";

const code = (name: string): object => expect.objectContaining({ code: name });
const short = { curatorLeaseSeconds: 0.5, nodeLeaseSeconds: 1 };

let servers: Servers;
let cluster: TestCluster;
let jobs: TestJobs;
let members: Member[] = [];
beforeAll(async () => {
  if (natsServer !== undefined) servers = await Servers.start(1);
});
afterAll(async () => {
  await servers?.close();
});
beforeEach((ctx) => {
  needsNats(ctx);
  cluster = new TestCluster(servers);
  jobs = new TestJobs(cluster);
});
afterEach(async () => {
  for (const member of members) await member.kill();
  members = [];
  await jobs?.close();
  await cluster?.close();
  if (natsServer === undefined) return;
  const nc = await connect({ servers: servers.urls });
  const jsm = await jetstreamManager(nc);
  for await (const name of jsm.streams.names()) await jsm.streams.delete(name);
  await nc.close();
});

/** A worker with a node of its own, as a process. */
async function workerProcess(id: string, options: object = {}): Promise<Member> {
  const shared = { store: "test", nats: { servers: servers.urls }, ackSeconds: 1, handles: { roots: [jobs.uploads] } };
  const made = new Member({ role: "worker", id, path: cluster.path(id), ...shared, ...options });
  members.push(made);
  await made.started();
  return made;
}

const events = (type: string): object[] => cluster.events.filter((event) => event.type === type);
const letters = async (): Promise<DeadLetter[]> => {
  const found: DeadLetter[] = [];
  for await (const letter of jobs.queue.deadLetters()) found.push(letter);
  return found;
};
/** A promise that the test resolves. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe("a video", () => {
  test("is checked by its handle: its stretches, its frames and its bytes, and what is no video is a dead letter", async (ctx) => {
    needsLongRun(ctx);
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    await jobs.start([]);
    const path = join(jobs.uploads, "clip.mp4");
    await makeFilm(path);
    const signature = await hashVideo(path, { ffmpegPath: ffmpeg, sampling: { fps: 2 } });
    const entry = { id: "film", signals: signalsOf(signature) };
    await jobs.curator.store.import(from, [entry] as Parameters<typeof jobs.curator.store.import>[1]);
    const broken = join(jobs.uploads, "broken.mp4");
    writeFileSync(broken, readFileSync(path).subarray(0, 2000));
    const kept: object[] = [];
    await jobs.worker("w1", {
      maxDeliveries: 2,
      checkVideo: { ffmpegPath: ffmpeg, sampling: { fps: 2 } },
      keep: ({ id, kind, hash }) => void kept.push({ id, kind, hash }),
      handles: { fetch: async () => readFileSync(path) },
    });
    const atLeast = jobs.curator.store.revision;
    await jobs.queue.submit({ id: "path", kind: "video", handle: { path }, atLeast });
    await jobs.queue.submit({ id: "key", kind: "video", handle: { key: "k" }, atLeast, level: "standard" });
    await jobs.queue.submit({ id: "broken", kind: "video", handle: { path: broken } });
    const results = Object.fromEntries((await jobs.results(3)).map((result) => [result.id, result]));
    for (const id of ["path", "key"]) {
      const { decision, revision } = results[id]!;
      expect(revision).toBe(atLeast);
      const [match] = decision!.matches.filter(({ kind }) => kind === "video");
      expect([id, match?.entryId, match?.segments?.length]).toEqual([id, "film", 1]);
      expect(match!.segments![0]!.queryTo - match!.segments![0]!.queryFrom).toBeGreaterThan(2);
      expect(JSON.stringify(results[id])).not.toMatch(/[0-9a-f]{32}/);
    }
    expect(kept).toEqual(expect.arrayContaining([{ id: "path", kind: "video", hash: undefined }]));
    expect(results["broken"]!.failure!.code).toMatch(/^ERR_EMPREINTE_/);
    expect((await letters()).map(({ id }) => id)).toEqual(["broken"]);
    await expect(jobs.queue.submit({ id: "a", kind: "sound" as "video", handle: { path } })).rejects.toThrow(
      "Expected image or video for kind",
    );
    expect(
      hashesBelow(
        servers.folder,
        signature.frames.map(({ hash }) => String(hash)),
      ),
    ).toEqual([]);
  }, 60_000);
});

describe("a job", () => {
  test("is decided at the revision that its keeper asks for: a hash that came meanwhile is not missed", async () => {
    await jobs.start([]);
    const path = await jobs.upload(1);
    const seen: number[] = [];
    await jobs.worker("w1", {
      keep: async ({ hash, decision }) => {
        seen.push(decision.matches.length);
        await jobs.curator.store.import(from, [{ id: "new", signals: [{ type: "pdq", value: hash! }] }]);
        return jobs.curator.store.revision;
      },
    });
    await jobs.queue.submit({ id: "a", handle: { path } });
    const [result] = await jobs.results(1);
    expect(seen).toEqual([0]);
    expect(result!.decision!.matches).toHaveLength(1);
    expect(result!.revision).toBe(jobs.curator.store.revision);
  });

  test("has the decision of the node, for a path, a URL and a key, and NATS never has a hash", async () => {
    await jobs.start([1]);
    const [known, other] = [await jobs.upload(1), await jobs.upload(2)];
    const bytes = await image(1);
    const server = createServer((request, response) => {
      response.writeHead(request.url === "/1.png" ? 200 : 404).end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const origin = `http://127.0.0.1:${port}`;
    const kept: Record<string, string | undefined> = {};
    await jobs.worker("w1", {
      handles: { fetcher: { trustedOrigins: [origin] }, fetch: async (key) => (key === "k1" ? image(1) : image(2)) },
      keep: ({ id, hash }) => void (kept[id] = hash),
    });
    const handles: [id: string, Job["handle"]][] = [
      ["path", { path: known }],
      ["url", { url: `${origin}/1.png` }],
      ["key", { key: "k1" }],
      ["other", { path: other }],
    ];
    expect(await jobs.queue.submitAll(handles.map(([id, handle]) => ({ id, handle })))).toEqual({
      submitted: 4,
      duplicates: 0,
    });
    const results = Object.fromEntries((await jobs.results(4)).map((result) => [result.id, result]));
    const { value } = await jobs.node.checkImage(known);
    expect(value!.matches.map(({ entryId }) => entryId)).toEqual(["known-1"]);
    const wanted = { ...value!, quality: value!.query.quality, matchesLeftOut: 0, time: expect.any(Number) };
    for (const id of ["path", "url", "key"]) {
      const { decision, ...rest } = results[id]!;
      const matches = value!.matches.map((match) => {
        const { hash, ...without } = match;
        expect(hash).toMatch(/^[0-9a-f]{8}$/);
        return without;
      });
      expect(decision).toEqual(
        JSON.parse(JSON.stringify({ ...wanted, matches, query: undefined, time: decision!.time })),
      );
      expect(rest).toMatchObject({ worker: "w1", revision: jobs.node.revision, deliveries: 1 });
    }
    expect(results["other"]!.decision).toMatchObject({ action: "none", matches: [], revision: jobs.node.revision });
    // The hash is where the caller keeps it, and in no file of NATS, not even in a shortened form.
    expect(kept).toEqual({ path: jobs.hashes[0], url: jobs.hashes[0], key: jobs.hashes[0], other: jobs.hashes[1] });
    expect(hashesBelow(servers.folder, jobs.hashes)).toEqual([]);
    expect(JSON.stringify([results, cluster.events])).not.toContain(jobs.hashes[0]!.slice(0, 8));
    await new Promise((resolve) => server.close(resolve));
  });

  test("is refused where it is none, or its id is a hash, or the queue is full, and waits for room where it may", async () => {
    await jobs.start([], { maxJobs: 2 });
    const handle = { path: await jobs.upload(1) };
    for (const [bad, text] of [
      [{ id: "", handle }, "1 to 200 characters"],
      [{ id: "a\nb", handle }, "1 to 200 characters"],
      [{ id: jobs.hashes[0], handle }, "not a hash"],
      [{ id: "a", handle: {} }, "one of path, url and key"],
      [{ id: "a", handle: { ...handle, key: "k" } }, "one of path, url and key"],
      [{ id: "a", handle, priority: "urgent" }, "high, normal or low"],
      [{ id: "a", handle, level: "best" }, "fast, standard or thorough"],
      [{ id: "a", handle, atLeast: -1 }, "0 or more for atLeast"],
      [{ id: "a", handle, bytes: "…" }, 'no "bytes" in a job'],
    ] as const) {
      const error = { code: "ERR_EMPREINTE_CLUSTER_ARGUMENT", message: expect.stringContaining(text) };
      await expect(jobs.queue.submit(bad as unknown as Job)).rejects.toMatchObject(error);
    }
    expect(await jobs.queue.submit({ id: "a", handle })).toEqual({ duplicate: false });
    expect(await jobs.queue.submit({ id: "a", handle })).toEqual({ duplicate: true });
    await jobs.queue.submit({ id: "b", handle, priority: "low" });
    await expect(jobs.queue.submit({ id: "c", handle })).rejects.toEqual(code("ERR_EMPREINTE_CLUSTER_FULL"));
    expect(await jobs.queue.counts()).toEqual({
      waiting: { high: 0, normal: 1, low: 1 },
      delivered: 0,
      results: 0,
      deadLetters: 0,
    });
    const patient = jobs.queue.submitAll(["c", "d", "e"].map((id) => ({ id, handle })));
    await jobs.worker("w1");
    expect(await patient).toEqual({ submitted: 3, duplicates: 0 });
    expect((await jobs.results(5)).map(({ id }) => id).toSorted()).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("goes to nobody while the node may not answer, and waits for the revision that it names", async (ctx) => {
    needsLongRun(ctx);
    await jobs.start([1]);
    await jobs.curator.close();
    const curator = await cluster.curator("curator", short);
    await expect.poll(() => jobs.node.incomplete, { interval: 20 }).toBe(undefined);
    await curator.close();
    await expect.poll(() => jobs.node.incomplete, { interval: 20, timeout: 60_000 }).toBe("lease");
    await jobs.worker("w1");
    await expect.poll(() => events("worker-paused"), { interval: 20 }).toHaveLength(1);
    const handle = { path: await jobs.upload(1) };
    await jobs.queue.submit({ id: "a", handle, atLeast: jobs.node.revision + 1 });
    const again = await cluster.curator("curator", short);
    await expect.poll(() => events("worker-resumed"), { interval: 20 }).toHaveLength(1);
    const { revision } = await again.withdraw({ bank: "ncii", source: "hotline", entryId: "known-1" });
    const [result] = await jobs.results(1);
    expect(result).toMatchObject({ id: "a", revision, decision: { action: "none", matches: [] } });
    expect(result!.deliveries).toBeLessThanOrEqual(2);
  });
});

describe("a worker", () => {
  test("that is killed in mid-job, or after the result and before the acknowledgement, costs no result and adds none", async (ctx) => {
    needsLongRun(ctx);
    await jobs.start([1]);
    const handle = { path: await jobs.upload(1) };
    const before = await workerProcess("before", { stopAt: "before-result", concurrency: 1 });
    const after = await workerProcess("after", { stopAt: "after-result", concurrency: 1 });
    await jobs.queue.submit({ id: "a", handle });
    await Promise.race([before, after].map((one) => one.line(({ hook }) => hook !== undefined)));
    // One of the two has it. The other gets the next one.
    await jobs.queue.submit({ id: "b", handle });
    await jobs.queue.submit({ id: "c", handle });
    await before.line(({ hook }) => hook === "before-result");
    await after.line(({ hook }) => hook === "after-result");
    await before.kill();
    await after.kill();
    const worker = await jobs.worker("third");
    const results = await jobs.results(3);
    expect(results.map(({ id }) => id).toSorted()).toEqual(["a", "b", "c"]);
    expect(results.filter(({ worker: by }) => by === "after")).toHaveLength(1);
    for (const { decision } of results) expect(decision!.matches).toHaveLength(1);
    await expect
      .poll(() => jobs.queue.counts(), { interval: 50, timeout: 60_000 })
      .toMatchObject({ waiting: { normal: 0 }, delivered: 0, results: 3, deadLetters: 0 });
    // The job whose result was stored was seen to have one, and nothing was done twice.
    expect(worker.counts).toMatchObject({ done: 2, duplicate: 1, dead: 0 });
    expect(events("job-duplicate")).toHaveLength(1);
  });

  test("that has done what another is doing stores no second result", async (ctx) => {
    needsLongRun(ctx);
    await jobs.start([1]);
    const handle = { path: await jobs.upload(1) };
    const { opened, open } = gate();
    const slow = await jobs.worker("slow", { hook: (step) => (step === "before-result" ? opened : undefined) });
    await jobs.queue.submit({ id: "a", handle });
    await expect.poll(() => slow.counts.running, { interval: 20 }).toBe(1);
    // The same upload again, as after the two minutes for which the stream knows its id.
    const nc = await connect({ servers: servers.urls });
    await jetstream(nc).publish("emp.job.test.high", JSON.stringify({ id: "a", handle }));
    await nc.close();
    await jobs.worker("fast");
    const [result] = await jobs.results(1);
    expect(result!.decision!.matches).toHaveLength(1);
    open();
    await expect.poll(() => events("job-duplicate"), { interval: 20 }).toEqual([expect.objectContaining({ id: "a" })]);
    expect(await jobs.queue.counts()).toMatchObject({ results: 1, deadLetters: 0 });
  });

  test("takes jobs by priority, and gives one turn in sixteen to the lowest", async () => {
    await jobs.start([]);
    const handle = { path: await jobs.upload(2) };
    const put = (priority: "high" | "normal" | "low", count: number): Promise<unknown> =>
      jobs.queue.submitAll(Array.from({ length: count }, (_, i) => ({ id: `${priority}-${i}`, handle, priority })));
    await put("low", 2);
    await put("normal", 3);
    await put("high", 14);
    await jobs.worker("w1", { concurrency: 1 });
    const order = (await jobs.results(19)).map(({ id }) => id);
    // The sixteenth turn is for the lowest priority, whatever else waits.
    const names = [...Array<string>(14).fill("high"), "normal", "low", "normal", "normal", "low"];
    expect(order.map((id) => id.split("-")[0])).toEqual(names);
  });

  test("has no more jobs at once than it may, and finishes them when it is drained, and returns what takes too long", async () => {
    await jobs.start([]);
    await jobs.upload(2);
    const { opened, open } = gate();
    let [now, most] = [0, 0];
    const fetch = async (key: string, { signal }: { signal: AbortSignal }): Promise<Buffer> => {
      now++;
      most = Math.max(most, now);
      const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      await (key === "endless" ? ended : opened);
      now--;
      signal.throwIfAborted();
      return image(2);
    };
    const first = await jobs.worker("first", { concurrency: 2, handles: { fetch } });
    await jobs.queue.submitAll([1, 2, 3, 4, 5].map((i) => ({ id: `${i}`, handle: { key: `${i}` } })));
    await expect.poll(() => first.counts.running, { interval: 20 }).toBe(2);
    expect(await jobs.queue.counts()).toMatchObject({ waiting: { normal: 3 }, delivered: 2 });
    const drained = first.drain();
    open();
    await drained;
    expect([most, first.counts]).toEqual([2, { done: 2, dead: 0, retry: 0, duplicate: 0, returned: 0, running: 0 }]);
    await expect.poll(() => jobs.queue.counts()).toMatchObject({ waiting: { normal: 3 }, delivered: 0, results: 2 });
    await jobs.queue.submit({ id: "endless", handle: { key: "endless" }, priority: "high" });
    const second = await jobs.worker("second", { concurrency: 1, handles: { fetch } });
    await expect.poll(() => second.counts.running, { interval: 20 }).toBe(1);
    await second.drain(0);
    expect(second.counts).toMatchObject({ done: 0, returned: 1 });
    await jobs.worker("third", { handles: { fetch: () => image(2) } });
    const results = await jobs.results(6);
    expect(results.map(({ id }) => id).toSorted()).toEqual(["1", "2", "3", "4", "5", "endless"]);
  });

  test("as a command finishes what it has at SIGTERM, and prints no hash", async () => {
    await jobs.start([1]);
    const handle = { path: await jobs.upload(1) };
    await jobs.queue.submitAll(Array.from({ length: 12 }, (_, i) => ({ id: `job-${i}`, handle })));
    const servedBy = ["--store", "test", "--servers", servers.urls.join(","), "--id", "cli"];
    const { spawn } = await import("node:child_process");
    const main = join(import.meta.dirname, "../dist/main.js");
    const args = [main, "worker", ...servedBy, "--path", cluster.path("cli"), "--root", jobs.uploads];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    const [first] = await jobs.results(1);
    child.kill("SIGTERM");
    expect([await ended, text]).toEqual([0, expect.stringContaining('{"type":"job-done","id":"job-')]);
    expect(first).toMatchObject({ worker: "cli", decision: { action: "review" } });
    // Whatever it had not finished is in the queue, and has no result yet.
    const { waiting, delivered, results } = await jobs.queue.counts();
    expect(waiting.normal + delivered + results).toBe(12);
    await jobs.worker("next");
    const all = await jobs.results(12, "all");
    expect(new Set(all.map(({ id }) => id)).size).toBe(12);
    expect(all.filter(({ worker: by }) => by === "cli")).toHaveLength(results);
    expect(text).not.toContain(jobs.hashes[0]!.slice(0, 8));
  });
});

test("a request for several messages gets those that wait, each once, and does not wait for more", async () => {
  await jobs.start([]);
  const handle = { key: "k" };
  await jobs.queue.submitAll(Array.from({ length: 5 }, (_, i) => ({ id: `${i}`, handle })));
  const link = await openLink({ store: "test", nats: { servers: servers.urls } }, "test");
  const take = async (count: number, priority: Priority = "normal"): Promise<string[]> => {
    const messages = await pull(link, "EMP_JOBS_test", workersOf(priority), count);
    return messages.map(({ data }) => (JSON.parse(Buffer.from(data).toString()) as Job).id);
  };
  try {
    expect(await take(2)).toEqual(["0", "1"]);
    const begun = performance.now();
    expect(await take(10)).toEqual(["2", "3", "4"]);
    expect(await take(10)).toEqual([]);
    expect(await take(1, "high")).toEqual([]);
    // The answer that nothing waits, and not the time after which a request is lost.
    expect(performance.now() - begun).toBeLessThan(2 * 2000);
    await expect(take(1, "none" as Priority)).rejects.toThrow("NATS gives no message");
  } finally {
    await link.nc.close();
  }
});

describe("a dead letter", () => {
  test("has the reason, and the job's result as well, and can be tried again or discarded", async () => {
    await jobs.start([1]);
    const broken = join(jobs.uploads, "broken.png");
    writeFileSync(broken, (await image(1)).subarray(0, 3000));
    const outside = join(cluster.folder, "outside.png");
    writeFileSync(outside, await image(1));
    let tries = 0;
    const fetch = (): Promise<Buffer> => {
      tries++;
      throw new Error(`no object for ${"0123456789abcdef".repeat(4)}`);
    };
    await jobs.worker("w1", { maxDeliveries: 3, handles: { fetch } });
    const nc = await connect({ servers: servers.urls });
    await jetstream(nc).publish("emp.job.test.low", '{"id": 5}');
    await nc.close();
    await jobs.queue.submitAll([
      { id: "broken", handle: { path: broken } },
      { id: "outside", handle: { path: outside } },
      { id: "missing", handle: { path: join(jobs.uploads, "missing.png") } },
      { id: "failing", handle: { key: "k" } },
      { id: "private", handle: { url: "http://127.0.0.1:9/secret" } },
    ]);
    const results = Object.fromEntries((await jobs.results(5)).map((result) => [result.id, result]));
    const reasons: Record<string, [string, number, string]> = {
      broken: ["ERR_EMPREINTE_CORRUPT", 1, "upload broken"],
      outside: ["ERR_EMPREINTE_CLUSTER_HANDLE", 1, "in no folder that this worker may read"],
      missing: ["ERR_EMPREINTE_CLUSTER_HANDLE", 3, "cannot be opened: ENOENT"],
      failing: ["unknown", 3, "no object for 01234567…"],
      private: ["ERR_EMPREINTE_FETCH_ADDRESS", 1, "127.0.0.1"],
    };
    for (const [id, [name, deliveries, text]] of Object.entries(reasons)) {
      const failure = { code: name, reason: expect.stringContaining(text) };
      expect(results[id]).toMatchObject({ id, deliveries, failure });
      expect(results[id]).not.toHaveProperty("decision");
      expect(results[id]!.failure!.reason).not.toContain("secret");
    }
    expect(tries).toBe(3);
    await expect.poll(async () => (await letters()).length, { interval: 50 }).toBe(6);
    const dead = Object.fromEntries((await letters()).map((letter) => [letter.id, letter]));
    expect(dead["missing"]).toMatchObject({ job: { id: "missing" }, worker: "w1", deliveries: 3 });
    const malformed = Object.keys(dead).find((id) => !(id in reasons))!;
    expect(dead[malformed]).toMatchObject({ code: "ERR_EMPREINTE_CLUSTER_MESSAGE" });
    expect(dead[malformed]).not.toHaveProperty("job");

    writeFileSync(join(jobs.uploads, "missing.png"), await image(1));
    await jobs.queue.retry("missing");
    const [again] = await jobs.results(1);
    expect(again).toMatchObject({
      id: "missing",
      decision: { matches: [expect.objectContaining({ entryId: "known-1" })] },
    });
    for (const id of ["broken", malformed]) await jobs.queue.discard(id);
    expect((await letters()).map(({ id }) => id).toSorted()).toEqual(["failing", "outside", "private"]);
    await expect(jobs.queue.retry("missing")).rejects.toEqual(code("ERR_EMPREINTE_CLUSTER_UNKNOWN_JOB"));
    await expect(jobs.queue.retry("none")).rejects.toEqual(code("ERR_EMPREINTE_CLUSTER_UNKNOWN_JOB"));
  });

  test("is written for a job that kills each worker, and the others are done", async (ctx) => {
    needsLongRun(ctx);
    await jobs.start([1]);
    const handle = { path: await jobs.upload(1) };
    await jobs.queue.submit({ id: "poison", handle });
    const killed = await workerProcess("killed", { stopAt: "before-result", maxDeliveries: 1 });
    await killed.line(({ hook }) => hook === "before-result");
    await killed.kill();
    await jobs.queue.submit({ id: "good", handle });
    await jobs.worker("w1", { maxDeliveries: 1 });
    const results = await jobs.results(2);
    expect(results.map(({ id, failure }) => [id, failure?.code])).toEqual([
      ["good", undefined],
      ["poison", "ERR_EMPREINTE_CLUSTER_DELIVERIES"],
    ]);
    expect(await letters()).toEqual([
      expect.objectContaining({ id: "poison", reason: "No worker has finished the job in 1 deliveries" }),
    ]);
  });
});

describe("results", () => {
  test("come to each reader, again where the loop ends with one in hand, or the function throws", async () => {
    await jobs.start([]);
    const handle = { path: await jobs.upload(2) };
    await jobs.worker("w1", { concurrency: 1 });
    await jobs.queue.submitAll(["a", "b", "c"].map((id) => ({ id, handle })));
    expect((await jobs.results(2, "one")).map(({ id }) => id)).toEqual(["a", "b"]);
    // "b" was in hand when the loop ended.
    expect((await jobs.results(2, "one")).map(({ id }) => id).toSorted()).toEqual(["b", "c"]);
    const had: string[] = [];
    const until = new AbortController();
    const work = ({ id }: JobResult): void => {
      had.push(id);
      if (had.length === 2) throw new Error("the database does not answer");
      if (had.length === 4) until.abort();
    };
    const other = await JobQueue.open({
      store: "test",
      nats: { servers: servers.urls },
      onEvent: (event) => cluster.events.push({ ...event, member: "other" }),
    });
    await other.onResult("two", work, { signal: until.signal });
    await other.close();
    expect(had).toEqual(["a", "b", "b", "c"]);
    expect(events("retry")).toContainEqual(expect.objectContaining({ step: "result of b", member: "other" }));
    await expect(async () => jobs.queue.results("A B")).rejects.toEqual(code("ERR_EMPREINTE_CLUSTER_ARGUMENT"));
  });
});

/** Reads the text format of Prometheus: each sample by its name and labels. It throws where a line is none. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const seen = new Set<string>();
  let [family, type] = ["", ""];
  for (const line of text.trimEnd().split("\n")) {
    const comment = /^# (HELP|TYPE) (\w+) (.+)$/.exec(line);
    if (comment?.[1] === "HELP") {
      family = comment[2]!;
      // All samples of one name must come together.
      expect(seen).not.toContain(family);
      seen.add(family);
    } else if (comment?.[1] === "TYPE") {
      expect(comment[2]).toBe(family);
      type = comment[3]!;
      expect(["counter", "gauge", "histogram"]).toContain(type);
    } else {
      const sample = /^(\w+)\{((?:\w+="[^"\\]*",?)*)\} (\S+)$/.exec(line);
      const name = sample![1]!;
      expect(type === "histogram" ? name.replace(/_(bucket|sum|count)$/, "") : name).toBe(family);
      expect(type === "counter" ? name : "x_total").toMatch(/_total$/);
      samples.set(`${name.replace("empreinte_cluster_", "")}{${sample![2]}}`, Number(sample![3]));
    }
  }
  return samples;
}

describe("metrics", () => {
  test("count withdrawals, answers, jobs and the queue, and are served over HTTP without a hash or an id", async () => {
    await jobs.start([1]);
    const handle = { path: await jobs.upload(1) };
    const worker = await jobs.worker("w1", { handles: { fetch: () => Promise.reject(new Error("no such object")) } });
    const server = await serveMetrics([jobs.curator, jobs.node, worker, jobs.queue], { port: 0 });
    await jobs.queue.submitAll([
      { id: "upload-1", handle },
      { id: "upload-2", handle: { key: "k" } },
      { id: "upload-3", handle: { path: "relative" } },
    ]);
    expect((await jobs.results(3)).map(({ id }) => id).toSorted()).toEqual(["upload-1", "upload-2", "upload-3"]);
    await expect.poll(() => worker.counts, { interval: 20 }).toMatchObject({ running: 0, done: 1, dead: 2, retry: 4 });
    expect(await jobs.node.search(jobs.hashes[0]!, { atLeast: 99 })).toMatchObject({ incomplete: "behind" });
    const removal = await jobs.curator.withdraw({ bank: "ncii", source: "hotline", entryId: "known-1" });
    expect(removal.complete).toBe(true);
    const { port } = server.address() as { port: number };
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      expect.stringMatching("^text/plain"),
    ]);
    const text = await response.text();
    const samples = parse(text);
    expect(Object.fromEntries(samples)).toMatchObject({
      'curator_active{member="curator"}': 1,
      'curator_epoch{member="curator"}': jobs.curator.epoch,
      'curator_revision{member="curator"}': removal.revision,
      'curator_announced_revision{member="curator"}': removal.revision,
      'curator_node_lag{member="curator",node="one"}': 0,
      'withdrawals_total{member="curator"}': 1,
      'withdrawals_incomplete_total{member="curator"}': 0,
      'withdrawal_seconds_count{member="curator"}': 1,
      'withdrawal_seconds_bucket{member="curator",le="+Inf"}': 1,
      'node_answering{member="one"}': 1,
      'node_revision{member="one"}': removal.revision,
      'node_incomplete_total{member="one",reason="behind"}': 1,
      'worker_running{member="w1"}': 0,
      'worker_deliveries_total{member="w1",result="done"}': 1,
      'worker_deliveries_total{member="w1",result="dead"}': 2,
      'worker_deliveries_total{member="w1",result="retry"}': 4,
      'worker_delivery_seconds_count{member="w1"}': 7,
      'events_total{member="w1",type="job-retry",step=""}': 4,
      'queue_waiting{store="test",priority="high"}': 0,
      'queue_delivered{store="test"}': 0,
      'queue_results{store="test"}': 3,
      'queue_dead_letters{store="test"}': 2,
    });
    expect(samples.get('withdrawal_seconds_sum{member="curator"}')).toBeCloseTo(removal.took / 1000);
    const buckets = [...samples]
      .filter(([name]) => name.startsWith("worker_delivery_seconds_bucket"))
      .map(([, n]) => n);
    expect(buckets).toEqual(buckets.toSorted((a, b) => a - b));
    expect(samples.get('node_lease_seconds{member="one"}')).toBeGreaterThan(0);
    expect(text).not.toMatch(new RegExp(`upload-|relative|${jobs.hashes[0]!.slice(0, 8)}`));
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    // A queue that cannot be counted is an error, and not zeros.
    await jobs.queue.close();
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(503);
    await new Promise((resolve) => server.close(resolve));
  });
});
