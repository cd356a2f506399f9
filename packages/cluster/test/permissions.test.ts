/** What each role may do at NATS: all that it needs, by the manifests' own permissions, and nothing of the others. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, errors, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node";
import { hashImage } from "empreinte";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { needsLongRun } from "../../../test/support/long.ts";
import { root } from "../../../test/support/run.ts";
import {
  Archive,
  type ClusterNode,
  clusterStatus,
  forgetNode,
  JobQueue,
  Rescanner,
  ShardServer,
  Worker,
} from "../dist/index.js";
import { KeepInArchive } from "../dist/archive/keep.js";
import { from, same, TestCluster } from "./support/cluster.ts";
import { image } from "./support/jobs.ts";
import { natsServer, needsNats, Servers } from "./support/servers.ts";

const roles = ["curator", "node", "worker", "shard", "rescanner", "status", "platform", "operator"] as const;
type Role = (typeof roles)[number] | "admin";

const manifest = readFileSync(join(root, "packages/cluster/deploy/permissions.yaml"), "utf8");
const permissions = (parse(manifest) as { data: Record<string, string> }).data["permissions.conf"]!;

let folder: string;
let servers: Servers | undefined;
let cluster: TestCluster;
const closing: (() => Promise<unknown>)[] = [];

/** Makes a certificate that the test's own authority signs. Returns false without openssl. */
function certify(name: string, ...more: string[]): boolean {
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const files = ["-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.crt`)];
  return spawnSync("openssl", [...args, "-subj", `/CN=${name}`, ...files, ...more]).status === 0;
}

const withoutServers = (role: Role): NodeConnectionOptions => ({
  tls: {
    caFile: join(folder, "ca.crt"),
    certFile: join(folder, `${role}.crt`),
    keyFile: join(folder, `${role}.key`),
  },
  inboxPrefix: `_INBOX.${role}`,
});
const as = (role: Role): NodeConnectionOptions => ({ servers: servers!.urls, ...withoutServers(role) });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-permissions-"));
  if (natsServer === undefined || !certify("ca")) return;
  const ca = ["-CA", join(folder, "ca.crt"), "-CAkey", join(folder, "ca.key")];
  const usage = ["-addext", "basicConstraints=critical,CA:FALSE"];
  for (const role of [...roles, "admin"])
    certify(role, ...ca, ...usage, "-addext", `subjectAltName=DNS:${role}.empreinte`);
  certify("server", ...ca, ...usage, "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost");
  // The same text, for a store named "test", and with one user more, who waits for the server.
  const users = permissions.replaceAll(/known\b/g, "test").replace("users: [", 'users: [ { user: "admin.empreinte" }');
  const file = (name: string): string => `"${join(folder, name)}"`;
  const tls = `tls { ca_file: ${file("ca.crt")}, cert_file: ${file("server.crt")}, key_file: ${file("server.key")}, verify_and_map: true }`;
  servers = await Servers.start(1, { config: `${tls}\n${users}`, connection: withoutServers("admin") });
});
afterAll(async () => {
  await servers?.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach((ctx) => {
  needsNats(ctx);
  if (servers === undefined) return ctx.skip("skipped: needs openssl");
  cluster = new TestCluster(servers);
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  await cluster?.close();
});

/** What the servers have refused. */
const violations = (): string[] =>
  readFileSync(join(servers!.folder, "server-0.log"), "utf8")
    .split("\n")
    .filter((line) => line.includes("Violation"));

const closed = <T extends { close: () => Promise<unknown> }>(one: T): T => {
  closing.push(() => one.close());
  return one;
};

test("each role does all that it does, and NATS refuses nothing", async (ctx) => {
  needsLongRun(ctx);
  const before = violations().length;
  const link = (role: Role): { store: string; nats: NodeConnectionOptions } => ({ store: "test", nats: as(role) });
  await cluster.store("curator", 3);
  const curator = await cluster.curator("curator", { nats: as("curator") });
  const uploads = join(cluster.folder, "uploads");
  mkdirSync(uploads);
  const node = async (id: string, role: Role): Promise<ClusterNode> => cluster.node(id, { nats: as(role) });
  const [standby, plain, ofWorker, ofRescanner] = await Promise.all([
    node("standby", "curator"),
    node("plain", "node"),
    node("worker", "worker"),
    node("rescanner", "rescanner"),
  ]);
  const nodes = [standby, plain, ofWorker, ofRescanner];
  await same(curator, nodes);
  for (const shard of [0, 1]) {
    closed(
      await ShardServer.start({ ...link("shard"), shard, shards: 2, path: join(cluster.folder, `shard-${shard}`) }),
    );
  }
  const rescanner = closed(await Rescanner.start({ ...link("rescanner"), shards: 2, source: ofRescanner }));
  const queue = closed(await JobQueue.open(link("platform")));
  const keep = closed(await KeepInArchive.open({ ...link("worker"), shards: 2, orientations: true }));
  const options = { handles: { roots: [uploads] }, keep: keep.keep, maxDeliveries: 1 };
  closed(await Worker.start({ ...link("worker"), id: "worker", node: ofWorker, ...options }));
  const bytes = await image(1);
  writeFileSync(join(uploads, "1.png"), bytes);
  await queue.submit({ id: "upload", handle: { path: join(uploads, "1.png") } });
  await queue.submit({ id: "broken", handle: { path: join(uploads, "2.png") } });
  const results = new Set<string>();
  for await (const { id } of queue.results("test")) if (results.add(id).size === 2) break;
  // A dead letter is listed, put back, and becomes one again; then it is discarded.
  const operator = closed(await JobQueue.open({ ...link("operator"), create: false }));
  const letters = async (): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { id } of operator.deadLetters()) ids.push(id);
    return ids;
  };
  expect(await letters()).toEqual(["broken"]);
  await operator.retry("broken");
  await expect.poll(letters, { interval: 50, timeout: 20_000 }).toEqual(["broken"]);
  await operator.discard("broken");
  expect(await letters()).toEqual([]);
  // The hash of the upload comes into the bank, and is found in the archive.
  const { hash } = await hashImage(bytes);
  await curator.store.import(from, [{ id: "late", signals: [{ type: "pdq", value: hash }] }]);
  await same(curator, nodes);
  expect(await rescanner.rescan(curator.store.revision, { waitSeconds: 60 })).toMatchObject({ complete: true });
  const archive = closed(await Archive.open({ ...link("platform"), shards: 2 }));
  expect(await archive.search(hash)).toMatchObject({ complete: true, matches: [{ id: "upload" }] });
  expect(await archive.rescan(curator.store.revision)).toMatchObject({ complete: true });
  expect(await curator.withdraw({ ...from, entryId: "late" })).toMatchObject({ complete: true, missing: [] });
  await expect
    .poll(() => clusterStatus(link("status")), { interval: 200, timeout: 20_000 })
    .toMatchObject({
      curator: { id: "curator" },
      nodes: ["plain", "rescanner", "standby", "worker"].map((id) => ({ id, lag: 0, answering: true })),
      rescans: { complete: true },
      queue: { results: 2, deadLetters: 0 },
    });
  await expect(forgetNode(link("operator"), "plain")).rejects.toThrow("Node plain may have a lease");
  await plain.resynchronize();
  await plain.leave();
  expect(violations().slice(before)).toEqual([]);
});

/** Waits until NATS refuses to publish to a subject. */
async function publishing(nc: NatsConnection, subject: string): Promise<string> {
  const refused = nc.request(subject, "{}", { timeout: 5000 }).then(
    () => "answered",
    (error: unknown) => (error instanceof errors.RequestError ? (error.cause ?? error) : error),
  );
  const error = await refused;
  return error instanceof errors.PermissionViolationError ? `${error.operation} refused` : String(error);
}

/** Waits until NATS refuses to subscribe to a subject. */
async function subscribing(nc: NatsConnection, subject: string): Promise<string> {
  const error = await new Promise<Error | null>((resolve) => {
    nc.subscribe(subject, { callback: (failure) => resolve(failure) });
    setTimeout(() => resolve(null), 5000).unref();
  });
  return error instanceof errors.PermissionViolationError ? `${error.operation} refused` : String(error);
}

test("a role is refused what is not its own", async () => {
  const publish: Partial<Record<Role, string[]>> = {
    node: [
      "emp.chg.test",
      "$KV.EMP_STATE_test.curator",
      "$KV.EMP_STATE_test.rescan",
      "emp.job.test.high",
      "emp.match.test.0",
      "emp.forget.test",
      "$O.EMP_SNAP_test.M.x",
    ],
    worker: [
      "emp.chg.test",
      "$KV.EMP_STATE_test.curator",
      "emp.job.test.high",
      "emp.forget.test",
      "$JS.API.STREAM.DELETE.EMP_CHANGES_test",
    ],
    shard: ["emp.chg.test", "emp.fetch.test", "emp.snap.test", "$KV.EMP_STATE_test.node.a"],
    rescanner: ["emp.chg.test", "$KV.EMP_STATE_test.curator", "emp.result.test.x"],
    status: ["emp.fetch.test", "emp.snap.test", "emp.match.test.0", "$KV.EMP_STATE_test.node.a", "emp.renew.test"],
    platform: [
      "emp.fetch.test",
      "emp.chunk.test",
      "emp.snap.test",
      "emp.result.test.x",
      "emp.dead.test.x",
      "emp.chg.test",
    ],
    operator: ["emp.fetch.test", "emp.snap.test", "emp.match.test.0", "emp.chg.test"],
    curator: ["emp.job.test.high", "emp.match.test.0", "emp.result.test.x", "$KV.EMP_STATE_test.rescan"],
  };
  const subscribe: Partial<Record<Role, string[]>> = {
    node: [">", "emp.fetch.test", "emp.match.test.0", "_INBOX.curator.>"],
    worker: ["emp.match.>", "emp.renew.test"],
    shard: ["_INBOX.>", "emp.done.test"],
    status: ["emp.>", "_INBOX.node.>"],
    platform: ["emp.match.test.0", "emp.done.test", "_INBOX.node.>"],
    curator: ["emp.match.test.0", "_INBOX.node.>"],
  };
  const refusals = async (
    table: Partial<Record<Role, string[]>>,
    attempt: (nc: NatsConnection, subject: string) => Promise<string>,
  ): Promise<string[][]> => {
    const all: string[][] = [];
    for (const [role, subjects] of Object.entries(table)) {
      const nc = await connect(as(role as Role));
      for (const subject of subjects) all.push([role, subject, await attempt(nc, subject)]);
      await nc.close();
    }
    return all;
  };
  const wanted = (table: Partial<Record<Role, string[]>>, operation: string): string[][] =>
    Object.entries(table).flatMap(([role, subjects]) =>
      subjects.map((subject) => [role, subject, `${operation} refused`]),
    );
  expect(await refusals(publish, publishing)).toEqual(wanted(publish, "publish"));
  expect(await refusals(subscribe, subscribing)).toEqual(wanted(subscribe, "subscription"));
  // Nobody may answer for another: a reply goes to the inbox of who sent the request.
  const nc = await connect(as("platform"));
  expect(await publishing(nc, "_INBOX.node.x")).toBe("publish refused");
  await nc.close();
});
