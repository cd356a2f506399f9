/** A clock that is set back by a year: nothing waits for a year. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fetcher } from "empreinte-fetch";
import { afterAll, beforeEach, expect, test } from "vitest";
import type { Config } from "../dist/config/options.js";
import { State } from "../dist/core/state.js";
import { Metrics } from "../dist/operation/metrics.js";
import { Outbox } from "../dist/operation/outbox.js";
import { People } from "../dist/people/people.js";
import { Answers } from "../dist/review/answers.js";
import { HeldMedia } from "../dist/review/media.js";
import { Idempotency } from "../dist/v1/idempotency.js";

const folder = mkdtempSync(join(tmpdir(), "empreinte-clock-"));
const state = State.open(join(folder, "server.db"));
afterAll(() => {
  state.close();
  rmSync(folder, { recursive: true });
});

const [minute, year] = [60_000, 365 * 86_400_000];
let time = Date.now();
const now = (): number => time;
beforeEach(() => (time += 10 * year));

test("a message that failed is sent again, one that another process had taken too, and neither early", async () => {
  let sent = 0;
  const fetcher = {
    fetch: async () => {
      sent++;
      return { status: 500, discard: () => undefined };
    },
  } as unknown as Fetcher;
  const outbox = new Outbox(state, fetcher, new Metrics(), now);
  outbox.create("https://example.org/", ["match.block"]);
  outbox.add("match.block", {});
  await outbox.send();
  time += 4999;
  await outbox.send();
  expect(sent).toBe(1);
  time += 1;
  await outbox.send();
  expect(sent).toBe(2);
  time -= year;
  await outbox.send();
  expect(sent).toBe(3);
  await outbox.send();
  expect(sent).toBe(3);
  // Taken by a process that was killed, and the clock set back.
  time += 120_000;
  state.run("UPDATE outbox SET leased = ?", time + minute);
  await outbox.send();
  expect(sent).toBe(3);
  state.run("UPDATE outbox SET leased = ?", time + year);
  await outbox.send();
  expect(sent).toBe(4);
});

test("a message that was never tried is sent", async () => {
  let sent = 0;
  const fetcher = { fetch: async () => (sent++, { status: 204, discard: () => undefined }) } as unknown as Fetcher;
  state.run("DELETE FROM outbox");
  const outbox = new Outbox(state, fetcher, new Metrics(), now);
  outbox.add("match.block", {});
  time -= year;
  await outbox.send();
  expect(sent).toBe(1);
});

test("an account is not locked for longer than an hour", async () => {
  const people = new People(state, now, () => undefined, 4);
  const password = await people.create("test", "ada", ["review"]);
  const signsIn = (word: string): Promise<boolean> =>
    people.signIn("ada", word, "192.0.2.1").then(
      () => true,
      () => false,
    );
  for (let i = 0; i < 5; i++) await signsIn("wrong password");
  expect(await signsIn(password)).toBe(false);
  time -= year;
  expect(await signsIn(password)).toBe(true);
});

test("an answer counts, and cannot be taken back for longer than before", () => {
  const answers = new Answers(state, now);
  const card = (): number =>
    state.get<[number]>(
      `INSERT INTO card (entry, kind, banks, created, due, uploads, state, claimed)
       VALUES (1, 'image', '[]', 0, 0, 1, 'open', 0) RETURNING number`,
    )![0];
  const [first, second] = [card(), card()];
  const given = answers.add(first, "ada", ["a"], 1);
  expect(answers.hasDue()).toBe(false);
  time -= year;
  expect(answers.undo(given, "ada")).toBeUndefined();
  expect(answers.hasDue()).toBe(true);
  const fresh = answers.add(second, "ada", ["a"], 1);
  expect(answers.countDue()).toEqual([first]);
  expect(answers.hasDue()).toBe(false);
  expect(answers.undo(fresh, "ada")).toBe(second);
});

test("an image is not held for longer than its minutes", () => {
  const held = new HeldMedia({ reviewMediaMinutes: 5, reviewMediaBytes: 1000 } as Config, now);
  held.hold(1, Buffer.from("an image"));
  expect(held.has(1)).toBe(true);
  time -= year;
  expect(held.has(1)).toBe(false);
  expect(held.bytes).toBe(0);
});

test("a call of a killed process can be repeated", () => {
  const kept = new Idempotency({ state, now } as ConstructorParameters<typeof Idempotency>[0]);
  const begin = () => kept.begin("ada", "once", Buffer.from("request"));
  expect(begin()).toBeUndefined();
  time -= 60 * minute;
  expect(begin).toThrow(/is still running/);
  time -= year;
  expect(begin()).toBeUndefined();
});
