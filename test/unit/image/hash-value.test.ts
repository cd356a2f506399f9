import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { trivialHashReason, hashDistance, hashToBytes, hashToHex } from "../../../dist/index.js";
import { InvalidHashError } from "../../../dist/errors.js";
import { root } from "../../support/run.ts";

const bytes = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 11) & 255);
const text = Buffer.from(bytes).toString("hex");
const base64 = Buffer.from(bytes).toString("base64");

describe("what is a hash", () => {
  test.each([
    ["hex", text],
    ["upper case", text.toUpperCase()],
    ["mixed case", text.slice(0, 32).toUpperCase() + text.slice(32)],
    ["0x", `0x${text}`],
    ["0X", `0X${text.toUpperCase()}`],
    ["white space around", ` \t${text}\r\n`],
    ["base64", base64],
    ["base64 without padding", base64.slice(0, 43)],
    ["base64 of URLs", base64.replaceAll("+", "-").replaceAll("/", "_")],
    ["bytes", bytes],
    ["a Buffer", Buffer.from(bytes)],
    ["bytes inside a larger buffer", new Uint8Array([9, ...bytes, 9]).subarray(1, 33)],
  ])("%s", (_, hash) => {
    expect(Array.from(hashToBytes(hash))).toEqual(Array.from(bytes));
    expect(hashToHex(hash)).toBe(text);
  });

  test("the bytes are a copy", () => {
    const own = new Uint8Array(bytes);
    hashToBytes(own).fill(0);
    expect(own).toEqual(bytes);
  });
});

describe("what is not", () => {
  test.each([
    ["", "0 characters"],
    [text.slice(1), "63 characters"],
    [`${text}0`, "65 characters"],
    [`0x${text.slice(2)}`, "64 characters"],
    [`${text.slice(0, 63)}g`, "64 characters"],
    [`${text.slice(0, 32)} ${text.slice(33)}`, "64 characters"],
    [`${text.slice(0, 63)}\0`, "64 characters"],
    [`${text.slice(0, 63)}é`, "64 characters"],
    [`${base64.slice(0, 43)}A`, "44 characters"],
    [`${base64.slice(0, 42)}/`, "43 characters"],
    [`${base64.slice(0, 42)}==`, "44 characters"],
  ])("%j", (hash, size) => {
    expect(() => hashToBytes(hash)).toThrow(InvalidHashError);
    expect(() => hashToBytes(hash)).toThrow(expect.objectContaining({ code: "ERR_EMPREINTE_INVALID_HASH" }));
    expect(() => hashToBytes(hash)).toThrow(size);
  });

  test.each([[null], [undefined], [7], [[1, 2]], [new Uint8Array(31)], [new Uint16Array(32)], [new ArrayBuffer(32)]])(
    "%s",
    (hash) => {
      expect(() => hashToBytes(hash as never)).toThrow(InvalidHashError);
      expect(() => hashDistance(text, hash as never)).toThrow(InvalidHashError);
    },
  );

  test.each([0, 31, 33, 64])("%i bytes are refused by every function, with their number", (length) => {
    const wrong = new Uint8Array(length);
    for (const call of [hashToBytes, hashToHex, trivialHashReason]) {
      expect(() => call(wrong)).toThrow(`Expected a hash of 32 bytes but received ${length}`);
    }
    expect(() => hashDistance(bytes, wrong)).toThrow(InvalidHashError);
    expect(() => hashDistance(wrong, bytes)).toThrow(InvalidHashError);
  });

  test("an error shows the first 8 digits and no more", () => {
    const error = (() => {
      try {
        return hashToBytes(`${text}00`);
      } catch (e) {
        return e as Error;
      }
    })();
    expect((error as Error).message).toContain(`"${text.slice(0, 8)}…"`);
    expect((error as Error).message).not.toContain(text.slice(0, 9));
  });
});

describe("hashes that would match unrelated images", () => {
  test.each([
    ["all zero", "00".repeat(32), /all bits are zero/],
    ["all one", "ff".repeat(32), /all bits are one/],
    ["one byte throughout", "5a".repeat(32), /repeats/],
    ["two bytes throughout", "0ff1".repeat(16), /repeats/],
    ["four bytes throughout", "0ff1a53c".repeat(8), /repeats/],
    ["63 bits", "ff".repeat(7) + "7f" + "00".repeat(24), /fewer than 64 or more than 192/],
    ["193 bits", "ff".repeat(24) + "01" + "00".repeat(7), /fewer than 64 or more than 192/],
  ])("%s", (_, hash, reason) => {
    expect(trivialHashReason(hash)).toMatch(reason);
  });

  test("64 and 192 bits are ordinary, and so is a pattern with one bit off", () => {
    expect(trivialHashReason("ff".repeat(8) + "00".repeat(24))).toBeUndefined();
    expect(trivialHashReason("ff".repeat(24) + "00".repeat(8))).toBeUndefined();
    expect(trivialHashReason("0ff1".repeat(15) + "0ff0")).toBeUndefined();
  });

  test("no hash of an ordinary image is refused", () => {
    const { vectors } = JSON.parse(readFileSync(join(root, "fixtures/kat/pdq-synthetic.json"), "utf8")) as {
      vectors: { hash: string; quality: number; fragile: boolean }[];
    };
    const ordinary = vectors.filter(({ quality, fragile }) => quality >= 50 && !fragile);
    expect(ordinary.length).toBeGreaterThan(50);
    expect(ordinary.filter(({ hash }) => trivialHashReason(hash) !== undefined)).toEqual([]);
  });
});
