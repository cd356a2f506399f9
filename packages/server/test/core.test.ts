/** The parts of the service by themselves, at their bounds: bodies, queues, secrets, names of banks, claims. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { BankStore } from "empreinte/bank";
import { afterAll, expect, test } from "vitest";
import { BankNames } from "../dist/core/bank-names.js";
import { bodyChunks } from "../dist/core/call.js";
import { Gate } from "../dist/core/gate.js";
import { Secrets } from "../dist/core/secrets.js";
import { State } from "../dist/core/state.js";

const folder = mkdtempSync(join(tmpdir(), "empreinte-core-"));
afterAll(() => rmSync(folder, { recursive: true }));
const { signal } = new AbortController();

test("a body of exactly the most bytes is taken, and one byte more is not", async () => {
  const read = async (bytes: number): Promise<number> => {
    let length = 0;
    const body = Readable.from([Buffer.alloc(bytes - 1), Buffer.alloc(1)]);
    for await (const chunk of bodyChunks(body, { maxBytes: 100, idleSeconds: 60, signal })) length += chunk.length;
    return length;
  };
  expect(await read(100)).toBe(100);
  await expect(read(101)).rejects.toMatchObject({ status: 413 });
});

test("exactly as many wait as may, and they run in their order", async () => {
  const gate = new Gate("images", 1, 2);
  const order: number[] = [];
  const ends: (() => void)[] = [];
  const work = (number: number) =>
    gate.run(signal, () => {
      order.push(number);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
  const running = [work(0), work(1)];
  gate.check();
  running.push(work(2));
  expect(gate.load).toEqual({ running: 1, waiting: 2 });
  expect(() => gate.check()).toThrow(/Too many images are waiting/);
  await expect(work(3)).rejects.toMatchObject({ status: 429 });
  for (const one of running) {
    await expect.poll(() => ends.length).toBe(1);
    ends.pop()!();
    await one;
  }
  expect(order).toEqual([0, 1, 2]);
  expect(gate.load).toEqual({ running: 0, waiting: 0 });
});

test("what was sealed opens under its own name alone, and unchanged", () => {
  const secrets = new Secrets(folder);
  const sealed = secrets.seal("card 1", "a decision");
  expect(secrets.open("card 1", sealed)).toBe("a decision");
  expect(() => secrets.open("card 2", sealed)).toThrow(/unable to authenticate/);
  for (const at of [0, 12, 28, sealed.length - 1]) {
    const changed = Buffer.from(sealed);
    changed[at]! ^= 1;
    expect(() => secrets.open("card 1", changed), String(at)).toThrow(/unable to authenticate/);
  }
});

test("a deleted bank comes back by its name only where it is for the same", async () => {
  const store = await BankStore.create(join(folder, "known.bank"));
  const state = State.open(join(folder, "server.db"));
  const banks = new BankNames(store, state);
  const first = banks.create({ name: "benign", negative: true });
  banks.remove("benign");
  const other = banks.create({ name: "benign" });
  expect([other.negative, other.stored === first.stored]).toEqual([false, false]);
  banks.remove("benign");
  const again = banks.create({ name: "benign", negative: true });
  expect(again.negative).toBe(true);
  expect(() => banks.create({ name: "benign" })).toThrow(/already/);
  state.close();
  await store.close();
});
