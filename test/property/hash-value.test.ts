import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hashDistance, hashToBytes, hashToHex } from "../../dist/index.js";
import { InvalidHashError } from "../../dist/errors.js";
import { trivialHashReason } from "../../dist/hash/value.js";
import { bigDistance } from "../support/hashes.ts";

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** Near another, so that small distances occur. */
const pair = fc.tuple(hash, fc.array(fc.nat(255), { maxLength: 40 })).map(([a, flips]) => {
  const b = new Uint8Array(a);
  for (const bit of flips) b[bit >> 3]! ^= 1 << (bit & 7);
  return [a, b] as const;
});

test("a hash is unbalanced below 64 set bits and above 192, whichever they are", () => {
  const all = Array.from({ length: 256 }, (_, bit) => bit);
  const withBits = (count: number): fc.Arbitrary<Uint8Array> =>
    fc.shuffledSubarray(all, { minLength: count, maxLength: count }).map((bits) => {
      const bytes = new Uint8Array(32);
      for (const bit of bits) bytes[bit >> 3]! |= 1 << (bit & 7);
      return bytes;
    });
  for (const [count, trivial] of [
    [63, true],
    [64, false],
    [192, false],
    [193, true],
  ] as const) {
    fc.assert(fc.property(withBits(count), (bytes) => (trivialHashReason(bytes) !== undefined) === trivial));
  }
});

describe("text", () => {
  test("what is printed parses to the same bytes", () => {
    fc.assert(
      fc.property(hash, fc.constantFrom("hex", "HEX", "0x", "base64", "base64url"), (bytes, form) => {
        const hex = Buffer.from(bytes).toString("hex");
        expect(hashToHex(bytes)).toBe(hex);
        const text = {
          hex,
          HEX: hex.toUpperCase(),
          "0x": `0x${hex}`,
          base64: Buffer.from(bytes).toString("base64"),
          base64url: Buffer.from(bytes).toString("base64url"),
        }[form];
        expect(Buffer.compare(hashToBytes(text!), bytes)).toBe(0);
      }),
    );
  });

  test("43 characters of base64 whose last two bits are set are no hash", () => {
    fc.assert(
      fc.property(hash, fc.integer({ min: 1, max: 3 }), (bytes, set) => {
        const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const text = Buffer.from(bytes).toString("base64").slice(0, 43);
        const other = text.slice(0, 42) + digits[digits.indexOf(text[42]!) + set]!;
        expect(Buffer.compare(hashToBytes(text), bytes)).toBe(0);
        for (const wrong of [other, `${other}=`]) expect(() => hashToBytes(wrong)).toThrow(InvalidHashError);
      }),
    );
  });

  test("what parses prints to its one spelling; everything else is an InvalidHashError", () => {
    const digit = fc.constantFrom(..."0123456789abcdefABCDEF+/-_=xg \0é");
    const word = fc.oneof(
      fc.string({ unit: digit, minLength: 40, maxLength: 68 }),
      fc.string({ unit: fc.constantFrom(..."0123456789abcdefABCDEF"), minLength: 63, maxLength: 65 }),
      fc.string(),
    );
    let parsed = 0;
    fc.assert(
      fc.property(word, (text) => {
        try {
          const hex = hashToHex(text);
          expect(hex).toMatch(/^[0-9a-f]{64}$/);
          expect(hashToHex(hex)).toBe(hex);
          parsed++;
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidHashError);
          expect(/^[0-9a-f]{64}$/i.test(text)).toBe(false);
        }
      }),
      { numRuns: 500, seed: 5 },
    );
    expect(parsed).toBeGreaterThan(20);
  });
});

describe("distance", () => {
  test("counts the differing bits", () => {
    fc.assert(fc.property(fc.oneof(pair, fc.tuple(hash, hash)), ([a, b]) => hashDistance(a, b) === bigDistance(a, b)));
  });

  test("is a metric: zero for equals only, symmetric, no shortcut over a third", () => {
    fc.assert(
      fc.property(pair, hash, ([a, b], c) => {
        const d = hashDistance(a, b);
        expect(hashDistance(a, a)).toBe(0);
        expect(d === 0).toBe(Buffer.compare(a, b) === 0);
        expect(hashDistance(b, a)).toBe(d);
        expect(hashDistance(a, c)).toBeLessThanOrEqual(d + hashDistance(b, c));
      }),
    );
  });

  test("goes from 0 to 256, and takes every form", () => {
    fc.assert(
      fc.property(hash, (a) => {
        const opposite = a.map((byte) => byte ^ 255);
        expect(hashDistance(hashToHex(a), Buffer.from(opposite).toString("base64"))).toBe(256);
      }),
    );
  });
});
