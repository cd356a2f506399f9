/** Whole lists that are much shorter than before, or that were cut off. */
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { BankStore } from "empreinte/bank";
import { beforeEach, describe, expect, test } from "vitest";
import { openClient } from "../src/clients/kinds.ts";
import { runSource, type RunResult } from "../src/run/run-source.ts";
import { acceptShrinkage } from "../src/run/shrinkage.ts";
import { addSource } from "../src/run/sources.ts";
import { conditionOf, readStatus } from "../src/run/status.ts";
import { after, code, folder, from, hash, newStore, type TestEnvironment, testEnvironment } from "./support.ts";

let environment: TestEnvironment;
let store: BankStore;
beforeEach(async () => {
  environment = testEnvironment();
  store = await newStore();
});

async function run(base: string): Promise<RunResult> {
  const client = await openClient({ kind: "lists", base, secrets: {}, options: {} }, environment);
  try {
    return await runSource(store, from, client, { environment });
  } finally {
    await client.close();
  }
}
const live = (): number => store.sources().find(({ source }) => source === from.source)!.active;
const lines = (first: number, end: number): string =>
  Array.from({ length: end - first }, (_, i) => `${hash(first + i)}\n`).join("");

describe("a folder of lists", () => {
  let base: string;
  const write = (name: string, first: number, end: number): void => writeFileSync(join(base, name), lines(first, end));
  beforeEach(async () => {
    base = folder();
    addSource(store, { ...from, kind: "lists", base, secrets: {}, options: {} });
    write("a.txt", 0, 1001);
    write("b.txt", 1001, 2001);
    await run(base);
  });

  test("that lacks 1,001 entries of 2,001 ends nothing until that is accepted, and then no more than that", async () => {
    rmSync(join(base, "a.txt"));
    await expect(run(base)).rejects.toMatchObject({
      ...code("EXCHANGE_SHRUNK"),
      message: "The list of the folder lacks 1001 of the 2001 entries; nothing ends until an operator accepts it",
    });
    expect(live()).toBe(2001);
    expect(conditionOf(readStatus(store, from), 3600, environment.now())).toBe("stale");
    expect(acceptShrinkage(store, { ...from, by: "ada", reason: "confirmed" }, environment)).toBe(1001);
    expect(store.audit().filter(({ what }) => what === "act")).toMatchObject([
      { detail: { act: "accept", ...from, entries: 1001, by: "ada", reason: "confirmed" } },
    ]);
    // Meanwhile it has become shorter still.
    write("b.txt", 1002, 2001);
    await expect(run(base)).rejects.toMatchObject(code("EXCHANGE_SHRUNK"));
    expect(live()).toBe(2001);
    acceptShrinkage(store, { ...from, by: "ada", reason: "this too" }, environment);
    expect((await run(base)).complete).toBe(true);
    expect(live()).toBe(999);
    const { accepted, shrunk, failure } = readStatus(store, from);
    expect({ accepted, shrunk, failure }).toEqual({});
  });

  test("that is mended goes on by itself, although its pages had begun to be read", async () => {
    write("c.txt", 2001, 2002);
    await run(base);
    rmSync(join(base, "a.txt"));
    rmSync(join(base, "b.txt"));
    write("d.txt", 2002, 2003);
    await expect(run(base)).rejects.toMatchObject(code("EXCHANGE_SHRUNK"));
    write("a.txt", 0, 1001);
    write("b.txt", 1001, 2001);
    expect((await run(base)).complete).toBe(true);
    expect(live()).toBe(2003);
    expect(store.verify()).toEqual([]);
  });

  test("that lacks 1,000 entries, or half of them, ends them", async () => {
    rmSync(join(base, "b.txt"));
    await run(base);
    expect(live()).toBe(1001);
    write("b.txt", 1001, 2202);
    await run(base);
    write("a.txt", 0, 1);
    write("b.txt", 1100, 2202);
    await run(base);
    expect(live()).toBe(1103);
  });
});

test("nothing can be accepted where nothing was refused", () => {
  expect(() => acceptShrinkage(store, { ...from, by: "ada", reason: "a" }, environment)).toThrow("No source");
  addSource(store, { ...from, kind: "lists", base: folder(), secrets: {}, options: {} });
  const accept = (by: string, reason: string) => () => acceptShrinkage(store, { ...from, by, reason }, environment);
  expect(accept("ada", "a")).toThrow("ncii/exchange has no shorter list to accept");
  expect(accept("", "a")).toThrow("Expected text of 1 to 500 characters for by");
  expect(accept("ada", "a".repeat(501))).toThrow("Expected text of 1 to 500 characters for reason");
});

describe("a list at an address", () => {
  /** What each request answers: a list, and whether its connection breaks before its end. */
  let answers: { list: string; cut?: boolean }[];
  let base: string;
  beforeEach(async () => {
    const server = createServer((_, response) => {
      const { list, cut } = answers.length > 1 ? answers.shift()! : answers[0]!;
      response.writeHead(200, { "content-type": "text/plain", "content-length": list.length + (cut ? 100 : 0) });
      response.write(list, () => (cut ? response.socket!.end() : response.end()));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    after(() => server.close());
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/all.txt`;
  });

  test("that breaks off and is empty at the next try ends nothing", async () => {
    answers = [{ list: lines(0, 5000) }];
    await run(base);
    answers = [{ list: lines(0, 5000), cut: true }, { list: "[]" }];
    await expect(run(base)).rejects.toMatchObject(code("EXCHANGE_PAGE"));
    expect(live()).toBe(5000);
  });

  test("that breaks off ends later what only its first try named", async () => {
    answers = [{ list: lines(0, 9000) }];
    await run(base);
    answers = [{ list: lines(0, 8999), cut: true }, { list: lines(500, 9000) }];
    expect((await run(base)).complete).toBe(true);
    expect(live()).toBe(8500);
  });
});
