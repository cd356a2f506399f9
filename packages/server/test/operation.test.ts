/** Backups, webhooks, several processes, the end of a process, the command. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BankStore } from "empreinte/bank";
import { afterEach, describe, expect, test } from "vitest";
import { needsLongRun } from "../../../test/support/long.ts";
import { root } from "../../../test/support/run.ts";
import { loadConfig } from "../dist/config/load.js";
import { someHash } from "./support/hashes.ts";
import { testServer } from "./support/server.ts";

const program = join(root, "packages/server/dist/main.js");
const folders: string[] = [];
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "empreinte-server-"));
  folders.push(made);
  return made;
}

const run = (...args: string[]) => spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });

/** Starts the command, and resolves with its address once it listens. */
async function start(...args: string[]): Promise<{ child: ChildProcess; url: string; errors: () => string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  children.push(child);
  let errors = "";
  child.stderr!.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  await expect.poll(() => errors, { interval: 50 }).toMatch(/listens on http:\S+/);
  return { child, url: /listens on (http:\S+)/.exec(errors)![1]!, errors: () => errors };
}

test("an index file that cannot be followed is counted each time, and a reason is logged once in a row", async () => {
  const server = await testServer();
  try {
    const index = join(server.data, "store.bank.index");
    rmSync(index, { force: true });
    symlinkSync("store.bank.index", index); // A link to itself, which no system call follows.
    const count = async (): Promise<number> => {
      const { text } = await server.call("/metrics");
      return Number(/^empreinte_store_retries_total\{step="follow-index"\} (\d+)$/m.exec(text)?.[1] ?? 0);
    };
    await expect.poll(count, { timeout: 30_000, interval: 50 }).toBe(1);
    const logged = (): string[] => server.log.filter((line) => line.includes("upkeep failed"));
    expect(logged()).toEqual([expect.stringContaining("ELOOP")]);
    const [error, other] = [new Error(/"fault":"([^"]+)"/.exec(logged()[0]!)![1]), new Error("another")];
    for (const one of [error, other, other]) server.service.noteRetry({ step: "follow-index", error: one });
    expect(logged()).toEqual([expect.stringContaining("ELOOP"), expect.stringContaining("another")]);
    rmSync(index);
  } finally {
    await server.end();
  }
});

test("what one process renames, deletes or withdraws is so in another one at its next answer", async () => {
  const data = folder();
  const one = await testServer({ data });
  const two = await testServer({ data });
  try {
    await one.call("/c/banks", { json: { name: "OLD" } });
    await one.call("/c/bank/OLD/signal", { json: { pdq: someHash("known") } });
    const lookup = `/m/lookup?signal_type=pdq&signal=${someHash("known")}`;
    const banksOf = async (): Promise<string[][]> => {
      const found = [await two.call(lookup), await two.call(lookup + "&bypass_coinflip=true")];
      const checked = await two.call("/v1/check", { json: { queries: [{ hash: someHash("known") }] } });
      const [decision] = (checked.body as { decisions: { matches: { bank: string }[] }[] }).decisions;
      return [...found.map(({ body }) => Object.keys(body as object)), decision!.matches.map(({ bank }) => bank)];
    };
    expect(await banksOf()).toEqual([["OLD"], ["OLD"], ["OLD"]]);
    expect((await one.call("/c/bank/OLD", { method: "PUT", json: { name: "NEW" } })).status).toBe(200);
    expect(await banksOf()).toEqual([["NEW"], ["NEW"], ["NEW"]]);
    // A change that is undone changes no name.
    expect(() =>
      two.service.state.transaction(() => {
        two.service.banks.rename("NEW", "NEVER");
        expect(two.service.banks.list().map(({ name }) => name)).toEqual(["NEVER"]);
        throw new Error("undone");
      }),
    ).toThrow("undone");
    expect(await banksOf()).toEqual([["NEW"], ["NEW"], ["NEW"]]);
    expect((await one.call("/c/bank/NEW", { method: "DELETE" })).status).toBe(200);
    expect(await banksOf()).toEqual([[], [], []]);
  } finally {
    await two.end();
    await one.close();
  }
});

describe("a backup", () => {
  test("that is made while entries come in is a data folder after tar", async () => {
    const server = await testServer();
    try {
      await server.call("/c/banks", { json: { name: "BANK" } });
      for (let i = 0; i < 20; i++)
        await server.call("/c/bank/BANK/signal", { json: { pdq: someHash(`${i}`), note: "n" } });
      const response = await fetch(`${server.url}/v1/backup`);
      await server.call("/c/bank/BANK/signal", { json: { pdq: someHash("later") } });
      expect(response.status).toBe(200);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(bytes.length).toBe(Number(response.headers.get("content-length")));
      const restored = folder();
      const untar = spawnSync("tar", ["-x", "-f", "-", "-C", restored], { input: bytes });
      expect(untar.status, untar.stderr.toString()).toBe(0);
      const store = await BankStore.open(join(restored, "store.bank"));
      expect(store.verify()).toEqual([]);
      await store.close();
      const again = await testServer({ data: restored });
      expect((await again.call("/c/bank/BANK/content/3")).body).toMatchObject({ id: 3, note: "n" });
      expect((await again.call(`/m/lookup?signal_type=pdq&signal=${someHash("7")}`)).body).toMatchObject({
        BANK: [{}],
      });
      await again.end();
    } finally {
      await server.end();
    }
  });
});

describe("webhooks", () => {
  test("are signed, kept while the receiver fails, and sent again; nothing of a hash is in them", async () => {
    const got: { headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
    let status = 500;
    const receiver = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        got.push({ headers: request.headers, body });
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    let now = Date.now();
    const server = await testServer({ webhooks: true }, { now: () => now });
    try {
      const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
      const made = await server.call("/v1/webhooks", { json: { url, events: ["match.block", "withdrawal.done"] } });
      const secret = Buffer.from((made.body as { secret: string }).secret.slice("whsec_".length), "base64");
      await server.call("/v1/banks", { json: { name: "b", policy: { action: "block" } } });
      const entries = [{ id: "1", signals: [{ type: "pdq", value: someHash("x") }] }];
      await server.call("/v1/banks/b/sources/s/entries", { json: { entries } });
      await server.call("/v1/check", { json: { queries: [{ hash: someHash("x") }] } });
      await expect.poll(() => got.length).toBe(1);
      status = 204;
      // The server may hear of the failure later, and waits from then on.
      await expect
        .poll(() => {
          now += 10_000;
          return got.length;
        })
        .toBe(2);
      const [first, second] = got;
      expect(second!.body).toBe(first!.body);
      expect(second!.headers["webhook-id"]).toBe(first!.headers["webhook-id"]);
      const { body, headers } = second!;
      const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
      expect(headers["webhook-signature"]).toBe(`v1,${createHmac("sha256", secret).update(signed).digest("base64")}`);
      expect(JSON.parse(body)).toMatchObject({
        type: "match.block",
        data: { matches: [{ bank: "b", entryNumber: 1 }] },
      });
      expect(body).not.toMatch(/[0-9a-f]{24}/);
      await server.call("/v1/withdrawals", { json: { entryNumber: 1 } });
      await expect.poll(() => got.length).toBe(3);
      expect(JSON.parse(got[2]!.body)).toMatchObject({ type: "withdrawal.done", data: { entries: 1 } });
    } finally {
      await server.end();
      receiver.close();
    }
  });
});

describe("the command", () => {
  test("checks its configuration: flags before variables, variables before the file", () => {
    const file = join(folder(), "config.json");
    writeFileSync(file, JSON.stringify({ data: "/a", workers: 2, maxImageBytes: 5000, open: true }));
    const child = spawnSync(process.execPath, [program, "--config", file, "--check-config", "--workers", "3"], {
      encoding: "utf8",
      env: { ...process.env, EMPREINTE_SERVER_WORKERS: "4", EMPREINTE_SERVER_MAX_IMAGE_BYTES: "6000" },
    });
    expect(JSON.parse(child.stdout)).toMatchObject({ data: "/a", workers: 3, maxImageBytes: 6000, open: true });
    for (const [flags, text] of [
      [{ open: true, listen: "0.0.0.0:1" }, "loopback"],
      [{ workers: "0" }, "--workers must be"],
      [{ listen: "nowhere" }, "listen must be"],
      [{ isolation: "some" }, "one of none, process"],
    ] as const) {
      expect(() => loadConfig({ data: "/a", ...flags }, {}), text).toThrow(text);
    }
    const refused = run("--check-config", "--data", "/a", "--nothing");
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("--nothing");
    writeFileSync(file, '{"wrokers": 1}');
    expect(() => loadConfig({ data: "/a" }, {}, file)).toThrow("no option wrokers");
  });

  test.skipIf(process.platform === "win32")(
    "refuses what is no file in the place of one, and names it",
    async (ctx) => {
      needsLongRun(ctx);
      const data = folder();
      const [pipe, long] = [join(data, "pipe.json"), join(data, "long.json")];
      spawnSync("mkfifo", [pipe]);
      writeFileSync(long, "");
      truncateSync(long, 2 ** 34);
      const review = ["--review", "--data", data, "--check-config"];
      for (const args of [
        ["--check-config", "--config"],
        [...review, "--review-schemes"],
        [...review, "--oidc-secret-file"],
        [...review, "--review-media-token-file"],
      ]) {
        for (const [path, why] of [
          [pipe, "it is a named pipe, not a file"],
          [long, "has more than 1048576 bytes"],
        ] as const) {
          const child = spawnSync(process.execPath, [program, ...args, path], { encoding: "utf8", timeout: 30_000 });
          expect([args.at(-1), child.signal, child.stderr]).toEqual([args.at(-1), null, expect.stringContaining(path)]);
          expect(child.stderr).toContain(why);
          expect(child.status).toBeGreaterThan(0);
        }
      }
    },
  );

  test("makes a store and prints a key at its first start only, serves with several processes, and ends calmly", async (ctx) => {
    needsLongRun(ctx);
    const data = folder();
    const args = [
      "--data",
      data,
      "--listen",
      "127.0.0.1:0",
      "--workers",
      "2",
      "--log-level",
      "silent",
      "--isolation",
      "none",
    ];
    const { child, url, errors } = await start(...args);
    const key = /emp_\S+/.exec(errors())![0];
    const call = (path: string, json?: object) =>
      fetch(`${url}${path}`, {
        method: json === undefined ? "GET" : "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json", connection: "close" },
        ...(json !== undefined && { body: JSON.stringify(json) }),
      });
    expect((await call("/v1/banks", { name: "b", policy: { action: "block" } })).status).toBe(201);
    const entries = [{ id: "1", signals: [{ type: "pdq", value: someHash("x") }] }];
    expect((await call("/v1/banks/b/sources/s/entries", { entries })).status).toBe(200);
    const found = async (): Promise<number[]> => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => call("/v1/check", { queries: [{ hash: someHash("x") }] })),
      );
      const bodies = await Promise.all(
        answers.map((answer) => answer.json() as Promise<{ decisions: { matches: [] }[] }>),
      );
      return bodies.map(({ decisions }) => decisions[0]!.matches.length);
    };
    // Each connection may reach the other process, and every process knows what one has changed.
    expect(await found()).toEqual(Array.from({ length: 8 }, () => 1));
    expect((await call("/v1/withdrawals", { bank: "b", source: "s" })).status).toBe(200);
    expect(await found()).toEqual(Array.from({ length: 8 }, () => 0));
    const metrics = await (await call("/metrics")).text();
    const count = /request_duration_seconds_count\{route="\/v1\/check",method="POST",status="200"\} (\d+)/.exec(
      metrics,
    );
    expect(Number(count![1])).toBe(16);
    child.kill("SIGTERM");
    const [status] = (await once(child, "exit")) as [number];
    expect(status).toBe(0);
    const second = await start(...args.slice(0, -4), "--workers", "1", "--log-level", "silent");
    expect(second.errors()).not.toContain("emp_");
    second.child.kill("SIGTERM");
    await once(second.child, "exit");
    expect(readFileSync(join(data, "server.db")).includes(key.split("_").slice(2).join("_"))).toBe(false);
  });
});

describe("the exchange program beside the server", () => {
  const exchange = join(root, "packages/exchange/dist/main.js");
  const lives = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  /** The programs of which this process is the parent. */
  const childrenOf = (pid: number): number[] =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);

  test("fetches the sources of the store, starts again, and ends with the server, however that ends", async (ctx) => {
    needsLongRun(ctx);
    if (process.platform !== "linux") ctx.skip("skipped: needs /proc");
    const [data, lists] = [folder(), folder()];
    const path = join(data, "store.bank");
    const store = await BankStore.create(path);
    store.createBank({ name: "b" });
    await store.close();
    writeFileSync(join(lists, "a.txt"), `${someHash("a")}\n`);
    const source = ["--bank", "b", "--source", "lists", "--kind", "lists", "--base", lists, "--interval", "10"];
    expect(spawnSync(process.execPath, [exchange, "add", path, ...source]).status).toBe(0);
    const args = ["--data", data, "--listen", "127.0.0.1:0", "--open", "--exchange", "--isolation", "none"];
    const { child, url } = await start(...args);
    const active = async (): Promise<number> => {
      const { sources } = (await (await fetch(`${url}/v1/sources`)).json()) as { sources: { active: number }[] };
      return sources[0]?.active ?? 0;
    };
    await expect.poll(active, { interval: 200, timeout: 20_000 }).toBe(1);
    const [first] = childrenOf(child.pid!);
    process.kill(first!, "SIGKILL");
    const again = (): number | undefined => childrenOf(child.pid!).find((pid) => pid !== first);
    await expect.poll(again, { interval: 100, timeout: 20_000 }).toBeDefined();
    const second = again()!;
    child.kill("SIGTERM");
    const [status] = (await once(child, "exit")) as [number];
    expect(status).toBe(0);
    expect(lives(second)).toBe(false);
    const killed = (await start(...args)).child;
    const [third] = childrenOf(killed.pid!);
    killed.kill("SIGKILL");
    await expect.poll(() => lives(third!), { interval: 100, timeout: 20_000 }).toBe(false);
  });
});
