import { expect, test } from "vitest";
import { presentIn } from "../../support/bank/bytes.ts";
import { random } from "../../support/hashes.ts";

// The tests of withdrawals look for hashes in files with it, so that it is compared with Node's own search.
test("the search for many sequences in files finds what Node's search for each finds", () => {
  const next = random(31);
  let found = 0;
  for (const [length, letters] of [
    [3000, 256],
    [3000, 3],
    [9, 2],
    [8, 1],
    [0, 2],
  ] as const) {
    const some = (count: number): Buffer => Buffer.from(Array.from({ length: count }, () => next() % letters));
    const bytes = some(length);
    const cut = (): Buffer => {
      const from = next() % Math.max(1, length - 3);
      return bytes.subarray(from, from + 8 + (next() % 5));
    };
    const sequences = Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? some(8 + (next() % 5)) : cut()));
    const usable = [...sequences, bytes.subarray(-8), bytes.subarray(0, 8)].filter((one) => one.length >= 8);
    const present = presentIn(bytes, usable);
    expect(present).toEqual(usable.map((one) => bytes.includes(one)));
    found += present.filter(Boolean).length;
  }
  expect(found).toBeGreaterThan(500);
});
