/** The feed of a bank: a follower that only reads its pages has what the store has. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BankStore, type EntryInfo } from "empreinte/bank";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Feed, type FeedPage } from "../../dist/core/feed.js";
import { someHash } from "../support/hashes.ts";
import { testServer } from "../support/server.ts";

const bank = "ncii";
let folder: string;
let store: BankStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-feed-"));
  store = await BankStore.create(join(folder, "known.bank"));
  for (const name of [bank, "other"]) store.createBank({ name });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const put = (id: number, more: object = {}, source = "hotline", into = bank): Promise<unknown> =>
  store.import({ bank: into, source }, [
    { id: String(id), signals: [{ type: "pdq", value: someHash(`${into} ${source} ${id}`), quality: 80 }], ...more },
  ]);

/** What a follower keeps: each entry as the feed last had it. */
class Follower {
  readonly entries: Map<number, FeedPage["entries"][number]> = new Map();
  /** Every time in the order of the pages. */
  readonly times: string[] = [];
  position: string | undefined;
  pages = 0;
  longest = 0;
  readonly #limit: number;
  readonly #source: string | undefined;

  constructor(limit: number, source?: string) {
    this.#limit = limit;
    this.#source = source;
  }

  /** Takes one page. Returns whether there is more. */
  page(): boolean {
    const filter = { bank, ...(this.#source !== undefined && { source: this.#source }) };
    const { entries, position, more } = new Feed(store, filter).page(this.position, this.#limit);
    this.longest = Math.max(this.longest, entries.length);
    for (const entry of entries) {
      this.entries.set(entry.entryNumber, entry);
      this.times.push(entry.time);
    }
    this.pages++;
    this.position = position;
    return more;
  }

  all(): void {
    while (this.page());
  }

  /** The entries that are not withdrawn, by number. */
  get there(): [number, string, string[]][] {
    return [...this.entries.values()]
      .filter(({ status }) => status !== "withdrawn")
      .map((one): [number, string, string[]] => [
        one.entryNumber,
        one.status,
        (one.signals ?? []).map(({ value }) => value),
      ])
      .sort((a, b) => a[0] - b[0]);
  }
}

const truth = (source?: string): [number, string, string[]][] =>
  [...store.entries({ bank, ...(source !== undefined && { source }) })]
    .filter(({ status }) => status !== "withdrawn")
    .map(({ entryNumber, status, signals }: EntryInfo) => [entryNumber, status, signals.map(({ value }) => value)]);

test("followers at any size of page have what the store has, whatever changes between pages", async () => {
  const followers = [new Follower(1), new Follower(3), new Follower(8192), new Follower(2, "hotline")];
  await store.import(
    { bank, source: "hotline" },
    Array.from({ length: 20 }, (_, i) => ({
      id: `first ${i}`,
      signals: [{ type: "pdq" as const, value: someHash(`first ${i}`) }],
    })),
  );
  await put(1, {}, "partner");
  let state = 5;
  const chance = (below: number): number => (state = (state * 1103515245 + 12345) % 2 ** 31) % below;
  for (let turn = 0; turn < 60; turn++) {
    const entryNumber = 1 + chance(40);
    const there = store.entry({ entryNumber });
    const acts: (() => unknown)[] = [
      () => put(chance(30), { cases: [`case ${turn}`], labels: ["iwf:B"] }),
      () => put(chance(30), { status: "quarantined" }),
      () => put(chance(30), { status: "withdrawn" }),
      () => put(chance(30), {}, "partner"),
      () => put(chance(30), {}, "hotline", "other"),
      () => there && store.withdraw({ entryNumber }),
      () => there && store.erase({ entryNumber }),
      () => there?.status === "quarantined" && store.release({ entryNumber }),
      () => there && store.disable({ entryNumber }, "2999-01-01T00:00:00Z"),
      () => store.setPolicy(bank, { radius: chance(31) }),
    ];
    await acts[chance(acts.length)]!();
    // Some of them are behind.
    for (const follower of followers) if (chance(3) === 0) follower.page();
  }
  for (const follower of followers) follower.all();
  for (const follower of followers.slice(0, 3)) expect(follower.there).toEqual(truth());
  expect(followers.slice(0, 2).map(({ longest }) => longest)).toEqual([1, 3]);
  expect(followers[3]!.there).toEqual(truth("hotline"));
  expect(truth().length).toBeGreaterThan(10);
  for (const { times } of followers) expect(times).toEqual(times.toSorted());
  const [slow] = followers;
  const { pages } = slow!;
  slow!.all();
  expect(slow!.pages).toBe(pages + 1);
});

test("one import of many entries is cut into pages", async () => {
  const many = Array.from({ length: 500 }, (_, i) => ({
    id: `many ${i}`,
    signals: [{ type: "pdq" as const, value: someHash(`many ${i}`) }],
  }));
  const follower = new Follower(64);
  follower.all();
  await store.import({ bank, source: "hotline" }, many);
  follower.all();
  expect(follower.there).toEqual(truth());
  expect(follower.pages).toBe(1 + Math.ceil(500 / 64));
});

test("a position counts in its own history, bank and source alone", async () => {
  await put(1);
  const path = join(folder, "backup.bank");
  store.history.copyTo(path);
  await put(2);
  const follower = new Follower(10);
  follower.all();
  const { position } = follower;
  const restored = await BankStore.open(path);
  const conflict = expect.objectContaining({ status: 409 }) as unknown;
  const pageOf = (from: BankStore, given: string, filter: object = {}): FeedPage =>
    new Feed(from, { bank, ...filter }).page(given, 10);
  expect(() => pageOf(restored, position!)).toThrow(conflict);
  // The restored store goes on in its own way, and has a revision of that number again.
  await restored.import({ bank, source: "hotline" }, [
    { id: "3", signals: [{ type: "pdq", value: someHash("restored") }] },
  ]);
  expect(restored.revision).toBe(store.revision);
  expect(() => pageOf(restored, position!)).toThrow(conflict);
  await restored.close();
  expect(() => pageOf(store, position!, { bank: "other" })).toThrow(conflict);
  expect(() => pageOf(store, position!, { source: "hotline" })).toThrow(conflict);
  expect(pageOf(store, position!)).toEqual({ entries: [], position, more: false });
  expect(() => pageOf(store, "changes.1")).toThrow(expect.objectContaining({ status: 400 }) as unknown);
});

test("only the scope share, for this bank, has the hashes; the audit log knows who took them", async () => {
  const server = await testServer({ open: false });
  try {
    const { store: served } = server.service;
    for (const name of ["ncii", "terror"]) served.createBank({ name });
    await served.import({ bank: "ncii", source: "hotline" }, [
      { id: "1", signals: [{ type: "pdq", value: someHash("shared") }] },
    ]);
    const statusOf = async (...scopes: string[]): Promise<number> =>
      (await server.call("/v1/banks/ncii/feed", { key: server.key(...scopes) })).status;
    expect(await statusOf("match", "add", "withdraw", "review", "metrics")).toBe(403);
    expect(await statusOf("share:terror")).toBe(403);
    const { body, status } = await server.call("/v1/banks/ncii/feed", { key: server.key("share:ncii") });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      bank: "ncii",
      entries: [{ entryNumber: 1, signals: [{ value: someHash("shared") }] }],
    });
    const last = served.audit().at(-1);
    expect(last).toMatchObject({ what: "export", who: expect.stringMatching(/^key /) as string });
    expect(last?.detail).toEqual({ bank: "ncii", to: "GET /v1/banks/:bank/feed" });
  } finally {
    await server.end();
  }
});
