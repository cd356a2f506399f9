/** The values that all formats share: times, digests, numbers and booleans, each at the bounds of what it may be. */
import { afterEach, describe, expect, test } from "vitest";
import { isCropName } from "../../../dist/lists/crops.js";
import { booleanOf, numberOf, shownName, signalValue, textOf, timeOf, unixTime } from "../../../dist/lists/values.js";

describe("times", () => {
  const zone = process.env["TZ"];
  afterEach(() => {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  });
  const written: [text: string, utc: number][] = [
    ["2026-03-01T09:00:01", Date.UTC(2026, 2, 1, 9, 0, 1)],
    ["2026-03-01 09:00", Date.UTC(2026, 2, 1, 9)],
    ["2026-03-01", Date.UTC(2026, 2, 1)],
    ["2026-03-01T09:00:01Z", Date.UTC(2026, 2, 1, 9, 0, 1)],
    ["2026-03-01T09:00:01.5z", Date.UTC(2026, 2, 1, 9, 0, 1, 500)],
    ["2026-03-01T09:00:01,0019", Date.UTC(2026, 2, 1, 9, 0, 1, 1)],
    ["2026-03-01T09:00:01+02:30", Date.UTC(2026, 2, 1, 6, 30, 1)],
    ["2026-03-01T09:00:01-0230", Date.UTC(2026, 2, 1, 11, 30, 1)],
    ["2026-03-01T09:00:01+02", Date.UTC(2026, 2, 1, 7, 0, 1)],
    ["2026-02-28T24:00:00", Date.UTC(2026, 2, 1)],
    ["2024-02-29", Date.UTC(2024, 1, 29)],
    ["1970-01-01T00:00:00", 0],
  ];

  test.each(["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])(
    "a time means the same where the clock of the machine is in %s",
    (here) => {
      process.env["TZ"] = here;
      // The zone has its effect: otherwise this test would prove nothing.
      if (here !== "UTC") expect(new Date(2026, 2, 1).getTime()).not.toBe(Date.UTC(2026, 2, 1));
      expect(written.map(([text]) => [text, timeOf(text)])).toEqual(written);
    },
  );

  test.each([
    "2026-00-01",
    "2026-13-01",
    "2026-01-00",
    "2026-01-32",
    "2026-04-31",
    "2026-02-30",
    "2026-01-01T25:00",
    "2026-01-01T09:60",
    "2026-01-01T09:00:61",
    "2026-01-01T09:00:00.0123456789",
    "2026-1-1",
    "01.01.2026",
    "now",
    "1770000000",
    true,
  ])("%s is not a time", (value) => expect(timeOf(value)).toBeUndefined());

  test.each(["", undefined, null, "1969-12-31T23:59:59Z", "0001-01-01T00:00:00", "1970-01-01T00:30:00+01:00"])(
    "%s states no time",
    (value) => expect(timeOf(value)).toBeNull(),
  );

  test("a number is in seconds, and in milliseconds where it is too large for seconds", () => {
    for (const read of [timeOf, unixTime]) {
      expect(read(0)).toBe(0);
      expect(read(1_770_000_000)).toBe(1_770_000_000_000);
      expect(read(1_770_000_000.25)).toBe(1_770_000_000_250);
      expect(read(1_770_000_000_123)).toBe(1_770_000_000_123);
      // The bound between the two.
      expect(read(1e11)).toBe(1e14);
      expect(read(1e11 + 1)).toBe(1e11 + 1);
      // The last time that a Date holds.
      expect(read(8.64e15)).toBe(8.64e15);
      for (const wrong of [8.64e15 + 2, -1, Number.NaN, Number.POSITIVE_INFINITY]) expect(read(wrong)).toBeUndefined();
    }
    expect(unixTime("1770000000")).toBe(1_770_000_000_000);
    expect(unixTime(" 1770000000123 ")).toBe(1_770_000_000_123);
    expect(unixTime("1770000000.5")).toBe(1_770_000_000_500);
    expect(unixTime("")).toBeNull();
    for (const wrong of ["-1", "1e9", "now", true]) expect(unixTime(wrong)).toBeUndefined();
  });
});

test.each([
  ["md5", 32],
  ["sha1", 40],
  ["sha256", 64],
  ["pdq", 64],
  ["vpdq", 64],
] as const)("a value of %s has exactly %i hex digits", (type, length) => {
  const value = "0123456789abcdef".repeat(4).slice(0, length);
  for (const form of [value, value.toUpperCase(), ` 0x${value}\t`]) expect(signalValue(type, form)).toBe(value);
  for (const wrong of [value.slice(1), `${value}0`, `${value.slice(1)}g`, "", 7, null]) {
    expect(signalValue(type, wrong)).toBeUndefined();
  }
});

test("booleans and numbers are also read from text, and nothing else is", () => {
  for (const yes of [true, 1, "1", "true", " True ", "YES"]) expect(booleanOf(yes)).toBe(true);
  for (const no of [false, 0, "0", "False", "no"]) expect(booleanOf(no)).toBe(false);
  for (const wrong of ["", "2", 2, "perhaps", "truely", null, {}]) expect(booleanOf(wrong)).toBeUndefined();
  expect(["12.5", 12.5, "-3", 0].map(numberOf)).toEqual([12.5, 12.5, -3, 0]);
  for (const wrong of ["", " ", "x", Number.NaN, Infinity, true, null]) expect(numberOf(wrong)).toBeUndefined();
  expect([" a ", 7, "", " ", true, Number.NaN].map(textOf)).toEqual([
    "a",
    "7",
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("a name that may be a hash is shortened to eight characters for a message", () => {
  expect(shownName("PhotoDNA")).toBe("PhotoDNA");
  expect(shownName("AlternativeHashes")).toBe("AlternativeHashes");
  expect(shownName("deadbeefc")).toBe("deadbeef…");
  expect(shownName("deadbeef")).toBe("deadbeef");
  expect(shownName("x".repeat(24))).toBe("x".repeat(24));
  expect(shownName("x".repeat(25))).toBe("xxxxxxxx…");
  expect(shownName("photodna12")).toBe("photodna…");
  const words = "a word, and another one, and more";
  expect(shownName(words)).toBe(`${words.slice(0, 31)}…`);
  expect(shownName(words.slice(0, 32))).toBe(words.slice(0, 32));
});

test("the name of a crop has up to 24 lower-case letters, digits and hyphens, and begins with none of the last", () => {
  for (const name of ["a", "0", "centre-10", "x".repeat(24)]) expect(isCropName(name)).toBe(true);
  for (const name of ["", "-a", "A", "a b", "a_b", "é", "x".repeat(25), "a\n"]) expect(isCropName(name)).toBe(false);
});
