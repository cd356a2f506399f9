/** Where answers and reveals stop to count, to the millisecond and the point. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { away, someHash } from "../support/hashes.ts";
import { completeConfig } from "../../dist/config/load.js";
import { State } from "../../dist/core/state.js";
import { Answers } from "../../dist/review/answers.js";
import { Cards } from "../../dist/review/cards.js";
import { Exposures } from "../../dist/review/exposure.js";

const folder = mkdtempSync(join(tmpdir(), "empreinte-review-"));
let now = Date.UTC(2026, 0, 1, 12);
const state = State.open(join(folder, "server.db"));
const answers = new Answers(state, () => now);
const exposures = new Exposures(state, () => now);
afterAll(() => {
  state.close();
  rmSync(folder, { recursive: true });
});

function card(): number {
  const sql = `INSERT INTO card (entry, kind, banks, created, due, uploads, state, claimed)
    VALUES (1, 'image', '[]', 0, 0, 1, 'open', 0) RETURNING number`;
  return state.get<[number]>(sql)![0];
}

test("uploads within fifteen bits in any orientation are one card", () => {
  const cards = new Cards(state, completeConfig({ data: folder, listen: "127.0.0.1:0" }), () => now);
  const add = (query: object): boolean => {
    const matches = [{ entryNumber: 7, bank: "known" }];
    return cards.add({ query, matches } as unknown as Parameters<Cards["add"]>[0], { kind: "image" }).fresh;
  };
  const [hash, other] = [someHash("a"), someHash("b")];
  expect(add({ hash })).toBe(true);
  expect(add({ hash: away(hash, 15) })).toBe(false);
  expect(add({ hash: other, orientations: { orig: other, flipX: away(hash, 15) } })).toBe(false);
  expect(add({ hash: other, orientations: { orig: other, flipX: away(hash, 16) } })).toBe(true);
});

test("an answer is taken back before its ten seconds are over, by its person alone", () => {
  const [one, other] = [card(), card()];
  const early = answers.add(one, "ada", ["iwf:A"], 1);
  const late = answers.add(other, "ada", ["iwf:A"], 1);
  now += 9999;
  expect(answers.undo(early, "ben")).toBeUndefined();
  expect(answers.undo(early, "ada")).toBe(one);
  now += 1;
  // Nothing has counted the answers yet.
  expect(answers.undo(late, "ada")).toBeUndefined();
  expect(answers.countDue()).toEqual([other]);
});

test("nobody ends another person's reveal", () => {
  const id = exposures.begin(1, "ada", 2, 0);
  now += 1000;
  expect(exposures.end(id, "ben")).toBe(false);
  now += 1000;
  expect(exposures.end(id, "ada")).toBe(true);
  expect(exposures.today("ada", 0)).toMatchObject({ reveals: 1, seconds: 2, points: 2, allowed: undefined });
});

test("a budget that is used to the point allows no further reveal", () => {
  const id = exposures.begin(1, "eve", 2, 3);
  now += 2999;
  exposures.end(id, "eve");
  const last = exposures.begin(1, "eve", 2, 3);
  now += 1;
  exposures.end(last, "eve");
  expect(exposures.today("eve", 3)).toMatchObject({ points: 3, allowed: 3 });
  expect(() => exposures.begin(1, "eve", 2, 3)).toThrow(/is used/);
});
