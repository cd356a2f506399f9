/** Accounts without a server: what wrong passwords cost, and what an end ends. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { State } from "../../dist/core/state.js";
import { People } from "../../dist/people/people.js";

const folder = mkdtempSync(join(tmpdir(), "empreinte-accounts-"));
const minute = 60_000;
let now = Date.now();
const state = State.open(join(folder, "server.db"));
const people = new People(
  state,
  () => now,
  () => undefined,
  4,
);
afterAll(() => {
  state.close();
  rmSync(folder, { recursive: true });
});

let name = "";
let password: string;
beforeEach(async () => {
  name = `${name}a`;
  password = await people.create("test", name, ["review"]);
});

const signsIn = (word: string): Promise<boolean> =>
  people.signIn(name, word, "192.0.2.1").then(
    () => true,
    () => false,
  );
async function fail(times: number): Promise<void> {
  for (let i = 0; i < times; i++) expect(await signsIn("wrong password")).toBe(false);
}

test("four wrong passwords lock nothing, however often the right one follows", async () => {
  for (let i = 0; i < 3; i++) {
    await fail(4);
    expect(await signsIn(password)).toBe(true);
  }
});

test("an account is locked for an hour at most", async () => {
  await fail(5);
  for (let i = 0; i < 9; i++) {
    now += 60 * minute;
    await fail(1);
  }
  now += 60 * minute - 1;
  expect(await signsIn(password)).toBe(false);
  now += 1;
  expect(await signsIn(password)).toBe(true);
});

test("whoever guesses the password behind a session locks the account, too", async () => {
  const person = await people.signIn(name, password, "192.0.2.1");
  for (let i = 0; i < 5; i++) {
    await expect(people.changePassword(person, "wrong password", "another password")).rejects.toThrow(/is wrong/);
  }
  expect(await signsIn(password)).toBe(false);
  now += minute;
  expect(await signsIn(password)).toBe(true);
});

test("an account of an issuer that was ended stays ended", () => {
  const enter = () => people.fromIssuer("https://issuer.example.org", name, "Ada", ["review"], "192.0.2.1");
  const { id } = enter();
  people.end("test", `https://issuer.example.org ${name}`);
  expect(enter).toThrow(/has ended/);
  expect(people.find(id)).toBeUndefined();
});
