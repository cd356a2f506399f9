/**
 * What goes wrong around the service: repeated calls, other processes, full disks, receivers and decoders that fail.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { inLongRun, needsLongRun } from "../../../test/support/long.ts";
import { root } from "../../../test/support/run.ts";
import { makeCase, makeCode } from "./support/cases.ts";
import { someHash } from "./support/hashes.ts";
import type { Answer, TestServer } from "./support/server.ts";

const { default: Libsql } = await inLongRun(() => import("libsql"));
const { default: sharp } = await inLongRun(() => import("sharp"));
const { Fetcher } = await inLongRun(() => import("empreinte-fetch"));
const { BankStore } = await inLongRun(() => import("empreinte/bank"));
const { ffmpeg, makeClip, moving, noFfmpeg, x264 } = await inLongRun(
  () => import("../../../test/support/video/video.ts"),
);
const { testServer } = await inLongRun(() => import("./support/server.ts"));
const { reviewServer } = await inLongRun(() => import("./review/support.ts"));

const program = join(root, "packages/server/dist/main.js");
let server: TestServer | undefined;
const children: ChildProcess[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await server?.end();
  server = undefined;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "empreinte-faults-"));
  folders.push(made);
  return made;
}

const signal = (seed: string) => ({ signals: [{ type: "pdq", value: someHash(seed) }] });
const caseOf = (seed: string): object =>
  makeCase([{ image: { hash: someHash(seed), quality: 90, decoder: "wasm" } }], makeCode());
const entriesPath = "/v1/banks/b/sources/s/entries";

describe("a repeated call", () => {
  test("with another body is 422 on every route that takes an Idempotency-Key, and changes nothing", async (ctx) => {
    needsLongRun(ctx);
    server = await testServer();
    const call = server.call;
    await call("/v1/banks", { json: { name: "b", policy: { action: "review" } } });
    await call(entriesPath, { json: { entries: ["1", "2", "3", "4", "5", "6"].map((id) => ({ id, ...signal(id) })) } });
    const { body } = await call("/v1/check", { json: { queries: [{ hash: someHash("6") }] } });
    const [decision] = (body as { decisions: object[] }).decisions;
    const name = (entryId: string) => ({ bank: "b", source: "s", entryId });
    const bodies: Record<string, [object, object]> = {
      "/v1/banks": [{ name: "c" }, { name: "d" }],
      "/v1/banks/{bank}/sources/{source}/entries": [
        { entries: [{ id: "7", ...signal("7") }] },
        { entries: [{ id: "8", ...signal("8") }] },
      ],
      "/v1/banks/{bank}/cases": [caseOf("9"), caseOf("10")],
      "/v1/qualify": [
        { decision, labels: ["iwf:A"], by: "ada" },
        { decision, labels: ["iwf:B"], by: "ada" },
      ],
      "/v1/withdrawals": [{ entryNumber: 1 }, { entryNumber: 2 }],
      "/v1/erasures": [{ entryNumber: 3 }, { entryNumber: 4 }],
      "/v1/lifts": [name("1"), name("2")],
      "/v1/releases": [{ entryNumber: 5 }, { entryNumber: 6 }],
      "/v1/pauses": [
        { entryNumber: 5, until: "2999-01-01T00:00:00Z" },
        { entryNumber: 6, until: "2999-01-01T00:00:00Z" },
      ],
    };
    const document = (await call("/v1/openapi.json")).body as {
      paths: Record<string, Record<string, { parameters?: { name: string }[] }>>;
    };
    const takesKey = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.values(operations).some(({ parameters = [] }) => parameters.some((one) => one.name === "idempotency-key"))
        ? [path]
        : [],
    );
    expect(Object.keys(bodies).toSorted()).toEqual(takesKey.toSorted());
    for (const [path, [first, other]] of Object.entries(bodies)) {
      const real = path.replace("{bank}", "b").replace("{source}", "s");
      const send = (json: object): Promise<Answer> =>
        call(real, { json, headers: { "idempotency-key": `key of ${path}`.replaceAll(" ", "-") } });
      const answer = await send(first);
      expect(answer.status, `${path}: ${answer.text}`).toBeLessThan(300);
      const { revision } = server.service.store;
      expect(await send(other), path).toMatchObject({ status: 422, body: { code: "ERR_EMPREINTE_IDEMPOTENCY" } });
      const again = await send(first);
      expect([again.status, again.text], path).toEqual([answer.status, answer.text]);
      expect(again.headers.get("idempotency-replayed")).toBe("true");
      expect(server.service.store.revision, path).toBe(revision);
    }
  });
});

test("the name of a bank with /../ leads nowhere else", async (ctx) => {
  needsLongRun(ctx);
  server = await testServer();
  await server.call("/v1/banks", { json: { name: "b", policy: { action: "block" } } });
  const port = Number(new URL(server.url).port);
  for (const path of [
    "/v1/banks/../keys",
    "/v1/banks/%2e%2e/keys",
    "/v1/banks/..%2fkeys",
    "/v1/banks/b%2f..%2fb",
    "/c/bank/x/../b",
  ]) {
    // fetch would resolve the path itself.
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    await once(socket, "close");
    expect(text, path).toMatch(/^HTTP\/1\.1 404 /);
    expect(text).not.toContain("emp_");
  }
});

describe("another process that writes", () => {
  test("the store or the state makes a call 503 with Retry-After, and nothing is lost", async (ctx) => {
    needsLongRun(ctx);
    server = await testServer();
    await server.call("/v1/banks", { json: { name: "b", policy: { action: "block" } } });
    for (const file of ["store.bank", "server.db"]) {
      const other = new Libsql(join(server.data, file), { timeout: 0 });
      other.exec("BEGIN IMMEDIATE");
      const headers = { "idempotency-key": `k-${file}` };
      const call = (): Promise<Answer> =>
        server!.call(entriesPath, { json: { entries: [{ id: file, ...signal(file) }] }, headers });
      const busy = await call();
      expect(busy.status, busy.text).toBe(503);
      expect(Number(busy.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      // Searches go on.
      const found = await server.call("/v1/check", { json: { queries: [{ hash: someHash(file) }] } });
      expect(found.status).toBe(200);
      other.exec("ROLLBACK");
      other.close();
      expect((await call()).body).toMatchObject({ counts: { added: 1 } });
    }
  });
});

describe("a disk that is full", () => {
  test("makes changes 507, checks go on, and what was taken is there once there is room", async (ctx) => {
    needsLongRun(ctx);
    const data = join(folder(), "data");
    mkdirSync(data);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", data]);
    if (mounted.status !== 0) ctx.skip("skipped: needs the right to mount");
    try {
      server = await testServer({ data });
      await server.call("/v1/banks", { json: { name: "b", policy: { action: "block" } } });
      const add = (from: number): Promise<Answer> => {
        const entries = Array.from({ length: 500 }, (_, at) => ({ id: `${from + at}`, ...signal(`${from + at}`) }));
        return server!.call(entriesPath, { json: { entries } });
      };
      let taken = 0;
      let answer = await add(0);
      while (answer.status === 200 && taken < 100_000) answer = await add((taken += 500));
      expect(answer.status, answer.text).toBe(507);
      const all = async (): Promise<number> => [...server!.service.store.entries()].length;
      expect(await all()).toBe(taken);
      const found = await server.call("/v1/check", { json: { queries: [{ hash: someHash("7") }] } });
      expect(found.body).toMatchObject({ decisions: [{ action: "block" }] });
      expect(spawnSync("mount", ["-o", "remount,size=60m", data]).status).toBe(0);
      expect((await add(taken)).status).toBe(200);
      expect(await all()).toBe(taken + 500);
      expect(server.service.store.verify()).toEqual([]);
      await server.close();
    } finally {
      await server?.close();
      server = undefined;
      expect(spawnSync("umount", ["-l", data]).status).toBe(0);
    }
  });
});

describe("a decoder", () => {
  /** A hundred megapixels of one colour, in few bytes. */
  const slowImage = (): Promise<Buffer> => {
    const create = { width: 12_000, height: 10_000, channels: 3 as const, background: "#808080" };
    return sharp({ create, limitInputPixels: false }).png({ compressionLevel: 1 }).toBuffer();
  };

  test("that takes too long is ended at the deadline, and holds nothing", async (ctx) => {
    needsLongRun(ctx);
    const slow = await slowImage();
    server = await testServer({ imageSeconds: 0.2, isolation: "process" });
    const headers = { "content-type": "image/png" };
    const answer = await server.call("/v1/check", { body: new Uint8Array(slow), headers });
    expect(answer).toMatchObject({ status: 503, body: { code: "ERR_EMPREINTE_DEADLINE" } });
    expect(answer.headers.get("retry-after")).toBe("1");
    await expect.poll(() => server!.service.images.load).toEqual({ running: 0, waiting: 0 });
    expect(server.service.memory.used).toBe(0);
  });

  test("ends when its client goes away after the last byte", async (ctx) => {
    needsLongRun(ctx);
    const slow = await slowImage();
    server = await testServer({ isolation: "process" });
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(
      `POST /v1/check HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: ${slow.length}\r\n\r\n`,
    );
    socket.write(slow);
    await expect.poll(() => server!.service.images.load.running).toBe(1);
    socket.destroy();
    await expect.poll(() => server!.service.images.load).toEqual({ running: 0, waiting: 0 });
    expect(server.service.memory.used).toBe(0);
    const { text } = await server.call("/metrics");
    expect(text).toContain('empreinte_hash_failures_total{code="ERR_EMPREINTE_ABORTED"} 1');
  });
});

describe("an address", () => {
  test("that is private is not fetched, by name, number or redirect", async (ctx) => {
    needsLongRun(ctx);
    let calls = 0;
    const inner = createServer((_request, response) => {
      calls++;
      response.end();
    }).listen(0, "127.0.0.1");
    await once(inner, "listening");
    const { port } = inner.address() as AddressInfo;
    server = await testServer({ fetchUrls: true }, { fetcher: new Fetcher() });
    const hosts = [
      "127.0.0.1",
      "localhost",
      "[::1]",
      "[::ffff:127.0.0.1]",
      "2130706433",
      "0x7f.1",
      "[64:ff9b::7f00:1]",
    ];
    for (const host of [...hosts, "10.0.0.1", "169.254.169.254", "192.168.1.1", "[fd00::1]"]) {
      const url = encodeURIComponent(`http://${host}:${port}/`);
      const answer = await server.call(`/h/hash?url=${url}`);
      expect(answer.status, `${host}: ${answer.text}`).toBe(400);
    }
    expect(calls).toBe(0);
    inner.close();
  });
});

describe("a receiver of webhooks", () => {
  test("that answers 500 for two days has dead letters, which are sent again by request", async (ctx) => {
    needsLongRun(ctx);
    let status = 500;
    const got: string[] = [];
    const receiver = createServer((request, response) => {
      got.push(String(request.headers["webhook-id"]));
      request.resume().on("end", () => response.writeHead(status).end());
    }).listen(0, "127.0.0.1");
    await once(receiver, "listening");
    let now = Date.now();
    server = await testServer({}, { now: () => now });
    const { outbox } = server.service;
    const { webhook } = outbox.create(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`, ["match.block"]);
    outbox.add("match.block", { a: 1 });
    const begin = now;
    for (let tries = 1; outbox.dead().length === 0; tries++) {
      await outbox.send();
      expect(got).toHaveLength(Math.min(tries, got.length));
      now += 600_000;
      expect(now - begin).toBeLessThan(4 * 86_400_000);
    }
    expect(got).toHaveLength(12);
    expect(now - begin).toBeGreaterThan(47 * 3_600_000);
    expect((await server.call("/v1/webhooks")).body).toMatchObject({
      dead: [{ webhook: webhook.id, event: "match.block", attempts: 12, error: "status 500" }],
    });
    status = 204;
    expect((await server.call(`/v1/webhooks/${webhook.id}/retry`, { method: "POST" })).body).toMatchObject({
      done: true,
    });
    await outbox.send();
    expect(new Set(got).size).toBe(1);
    expect((await server.call("/v1/webhooks")).body).toMatchObject({ dead: [] });
    receiver.close();
  });

  test("hears once of a source that becomes stale, and again after its next import", async (ctx) => {
    needsLongRun(ctx);
    const stale = await reviewServer({ staleHours: 2 });
    server = stale;
    stale.service.outbox.create("http://192.0.2.1/", ["source.stale"]);
    await stale.bank("bank", someHash("a"));
    const events = (): number => stale.service.state.get<[number]>("SELECT count(*) FROM outbox")![0];
    stale.service.reportStale();
    expect(events()).toBe(0);
    stale.pass(3 * 3_600_000);
    stale.service.reportStale();
    stale.service.reportStale();
    const [body] = stale.service.state.get<[string]>("SELECT body FROM outbox")!;
    expect(JSON.parse(body)).toMatchObject({ type: "source.stale", data: { bank: "bank", source: "s" } });
    expect(events()).toBe(1);
    stale.service.sources.checked("bank", "s");
    stale.service.reportStale();
    stale.pass(3 * 3_600_000);
    stale.service.reportStale();
    expect(events()).toBe(2);
  });
});

test("a Unix socket is served, for its owner and its group, and an old one is replaced", async (ctx) => {
  needsLongRun(ctx);
  const path = join(folder(), "s");
  const get = async (): Promise<number> =>
    new Promise((resolve, reject) => {
      httpRequest({ socketPath: path, path: "/livez" }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on("error", reject)
        .end();
    });
  server = await testServer({ listen: `unix:${path}` });
  expect(await get()).toBe(200);
  await server.end();
  const dead = createServer().listen(path);
  await once(dead, "listening");
  dead.close();
  server = await testServer({ listen: `unix:${path}` });
  expect(await get()).toBe(200);
});

/** Starts the command, and resolves once it listens. */
async function start(...args: string[]): Promise<{ child: ChildProcess; url: string; errors: () => string }> {
  const child = spawn(process.execPath, [program, "--log-level", "silent", "--open", ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  children.push(child);
  let errors = "";
  child.stderr!.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  await expect.poll(() => errors, { interval: 50 }).toMatch(/listens on http:\S+/);
  return { child, url: /listens on (http:\S+)/.exec(errors)![1]!, errors: () => errors };
}

test("SIGHUP applies what a running process can change, and names the rest", async (ctx) => {
  needsLongRun(ctx);
  const data = folder();
  const file = join(data, "config.json");
  const write = (options: object): void =>
    writeFileSync(file, JSON.stringify({ data, listen: "127.0.0.1:0", ...options }));
  write({});
  const { child, url, errors } = await start("--config", file);
  const upload = async (): Promise<number> => {
    const body = new Uint8Array(5000);
    const headers = { "content-type": "application/octet-stream" };
    return (await fetch(`${url}/v1/check?kind=image`, { method: "POST", body, headers })).status;
  };
  expect(await upload()).toBe(415);
  write({ maxImageBytes: 2000, videoDecodes: 7 });
  child.kill("SIGHUP");
  await expect.poll(errors).toContain("These need a new start: videoDecodes.");
  expect(await upload()).toBe(413);
  write({ maxImageBytes: "many" });
  child.kill("SIGHUP");
  await expect.poll(errors).toContain("The configuration stays as it was: maxImageBytes");
  expect(await upload()).toBe(413);
});

test("a process that is killed in the middle of an import leaves whole batches, and the import continues", async (ctx) => {
  needsLongRun(ctx);
  const data = folder();
  // With port 0 those that take the places of the killed ones would listen elsewhere.
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  const args = ["--data", data, "--listen", `127.0.0.1:${port}`, "--workers", "2"];
  const { url, child, errors } = await start(...args);
  await fetch(`${url}/v1/banks`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "b", policy: { action: "block" } }),
  });
  const total = 40_000;
  const lines = Array.from({ length: total }, (_, at) => `${someHash(`${at}`)}\n`);
  const kill = (): void => {
    const { stdout } = spawnSync("pgrep", ["-P", String(child.pid)], { encoding: "utf8" });
    for (const pid of stdout.trim().split("\n")) process.kill(Number(pid), "SIGKILL");
  };
  async function* slowly(): AsyncGenerator<Buffer> {
    yield Buffer.from(lines.slice(0, 30_000).join(""));
    // The first batches are written meanwhile.
    for (;;) {
      const { changes } = (await (await fetch(`${url}/v1/changes?since=0&limit=10`)).json()) as { changes: object[] };
      if (changes.length > 1) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    kill();
    yield Buffer.from(lines.slice(30_000).join(""));
  }
  const path = "/v1/banks/b/sources/s/import?format=plain";
  const broken = fetch(`${url}${path}`, { method: "POST", body: slowly() as never, duplex: "half" } as RequestInit);
  await expect(broken).rejects.toThrow("fetch failed");
  // Others take their places.
  await expect.poll(errors, { timeout: 20_000 }).toMatch(/Another one starts/);
  await expect
    .poll(async () => (await fetch(`${url}/livez`).catch(() => undefined))?.status, { timeout: 20_000, interval: 100 })
    .toBe(200);
  const signals = async (): Promise<number> =>
    ((await (await fetch(`${url}/v1/status`)).json()) as { signals: number }).signals;
  const left = await signals();
  expect(left).toBeGreaterThan(0);
  expect(left % 8192, `${left} entries`).toBe(0);
  const again = await fetch(`${url}${path}`, { method: "POST", body: lines.join("") });
  expect(await again.json()).toMatchObject({ counts: { added: total - left, unchanged: left } });
  expect(await signals()).toBe(total);
  child.kill("SIGTERM");
  await once(child, "exit");
  const store = await BankStore.open(join(data, "store.bank"));
  expect(store.verify()).toEqual([]);
  await store.close();
});

test("a video is checked by its stretches, and its card has a sheet of grey frames", async (ctx) => {
  needsLongRun(ctx);
  if (ffmpeg === undefined) ctx.skip(noFfmpeg);
  const made = folder();
  mkdirSync(made, { recursive: true });
  const clip = await makeClip(join(made, "clip.mp4"), moving, ...x264);
  const bytes = readFileSync(clip);
  const platform = createServer((_request, response) => void response.end(bytes)).listen(0, "127.0.0.1");
  await once(platform, "listening");
  const { port } = platform.address() as AddressInfo;
  const reviewed = await reviewServer({
    reviewMedia: "callback",
    reviewMediaUrl: `http://127.0.0.1:${port}/{reference}`,
  });
  server = reviewed;
  const upload = (path: string): Promise<Answer> =>
    reviewed.call(path, { body: new Uint8Array(bytes), headers: { "content-type": "video/mp4" } });
  const first = await upload("/v1/check");
  expect(first.status, first.text).toBe(200);
  expect(first.body).toMatchObject({ action: "none", query: { video: { frameCount: 100 } } });
  const { hashVideo } = await import("empreinte/video");
  const { frames } = await hashVideo(clip, { sampling: "all" });
  await reviewed.call("/v1/banks", { json: { name: "b", policy: { action: "review" } } });
  const signals = frames.map(({ hash, quality, timestampSeconds }, frame) => {
    return { type: "vpdq", value: hash, quality, frame, timestampSeconds };
  });
  const added = await reviewed.call(entriesPath, { json: { entries: [{ id: "clip", signals }] } });
  expect(added.status, added.text).toBe(200);
  const second = await upload("/v1/check?reference=clip-1");
  expect(second.body).toMatchObject({ action: "review", matches: [{ kind: "video", entryId: "clip" }] });
  const ada = reviewed.person("ada");
  const card = await ada.get("/review/cards/1");
  expect(card.text).toContain("stretches of the same video");
  expect(card.text).not.toContain('data-level="4"');
  const body = new URLSearchParams({ token: ada.token(), level: "3" }).toString();
  const headers = { cookie: ada.cookies(), origin: reviewed.url, "content-type": "application/x-www-form-urlencoded" };
  const response = await fetch(`${reviewed.url}/review/cards/1/reveals`, { method: "POST", headers, body });
  expect(response.status).toBe(200);
  const sheet = sharp(Buffer.from(await response.arrayBuffer()));
  const { width, height } = await sheet.metadata();
  const shown = (second.body as { matches: { segments: object[] }[] }).matches[0]!.segments.length;
  expect([width, height]).toEqual([Math.min(3, shown) * 324 - 4, Math.ceil(shown / 3) * 244 - 4]);
  const { channels } = await sheet.stats();
  expect(Math.abs(channels[0]!.mean - channels[2]!.mean)).toBeLessThan(2);
  platform.close();
});
