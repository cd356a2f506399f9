/** What the tests of this package share: a store, hashes, an environment without waiting. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BankStore } from "empreinte/bank";
import sharp from "sharp";
import { after } from "../../../test/support/closing.ts";
import type { Environment } from "../src/environment.ts";

export { after };

export const from = { bank: "ncii", source: "exchange" };

/** A hash that looks random and is the same in every run. */
export const hash = (i: number): string => createHash("sha256").update(`hash ${i}`).digest("hex");
/** A digest of 16 bytes. */
export const md5 = (i: number): string => createHash("md5").update(`file ${i}`).digest("hex");

export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "empreinte-exchange-"));
  after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export async function newStore(path: string = join(folder(), "known.bank")): Promise<BankStore> {
  const store = await BankStore.create(path);
  after(() => store.close());
  store.createBank({ name: from.bank });
  return store;
}

export interface TestEnvironment extends Environment {
  /** Milliseconds since 1970. A test moves it. */
  time: number;
  /** The pauses that there would have been. */
  pauses: number[];
}

/** Just before a change of clocks: that of Paris in March, or the one that clock-change.test.ts names. */
const beforeChange = Date.parse(process.env["EMPREINTE_TEST_CLOCK"] ?? "2026-03-29T00:30Z");

/** An environment whose clock is moved by its pauses alone. */
export function testEnvironment(time: number = beforeChange): TestEnvironment {
  const environment: TestEnvironment = {
    time,
    pauses: [],
    now: () => environment.time,
    random: () => 0.5,
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      environment.pauses.push(milliseconds);
      environment.time += milliseconds;
    },
    variables: {},
  };
  return environment;
}

/** An image with shapes, each number another. */
export async function image(seed: number, format: "jpeg" | "png" | "webp" = "jpeg", width = 320): Promise<Buffer> {
  let state = seed * 7919 + 1;
  const next = (most: number): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % most;
  const shapes = Array.from({ length: 24 }, () => {
    const fill = `rgb(${next(256)},${next(256)},${next(256)})`;
    return `<ellipse cx="${next(320)}" cy="${next(240)}" rx="${20 + next(80)}" ry="${10 + next(60)}" fill="${fill}"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="240"><rect width="320" height="240" fill="#888"/>${shapes.join("")}</svg>`;
  return sharp(Buffer.from(svg)).resize(width).toFormat(format).toBuffer();
}

/** The values that a search can find, and the status of each entry that has one. */
export function matching(store: BankStore, source: { bank: string; source: string } = from): string[] {
  const active = [...store.entries({ ...source, status: "active" })];
  return active.flatMap(({ signals }) => signals.map(({ value }) => value)).sort();
}

export const code = (name: string): { code: string } => ({
  code: `ERR_EMPREINTE_${name}`,
});
