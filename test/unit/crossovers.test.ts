import { describe, expect, it } from "vitest";
import { crossingOf, crossoversText } from "../../dist/cli/commands/index/crossovers.js";

import { InvalidArgumentError } from "../../dist/errors.js";
import { parseCrossovers } from "../../dist/native/crossovers.js";

describe("EMPREINTE_CROSSOVERS", () => {
  it.each([
    ["0:0/0", [{ radius: 0, single: 0, batch: 0 }]],
    [
      "31:20480/999999999,256:never/never",
      [
        { radius: 31, single: 20_480, batch: 999_999_999 },
        { radius: 256, single: Infinity, batch: Infinity },
      ],
    ],
  ])("%s", (text, crossovers) => {
    expect(parseCrossovers(text)).toEqual(crossovers);
    expect(crossoversText(crossovers)).toBe(text);
  });

  const seventeen = Array.from({ length: 17 }, (_, i) => `${i}:1/1`).join(",");
  it.each([
    "x",
    "",
    "31:1",
    "31:1/2,31:1/2",
    "39:1/2,31:1/2",
    "257:1/1",
    "31:-1/1",
    "31:1/1,",
    " 31:1/1",
    "31:1e3/1",
    "31:1/1000000000",
    "31:1/Infinity",
    seventeen,
  ])("%j is refused", (text) => {
    expect(() => parseCrossovers(text)).toThrow(InvalidArgumentError);
    expect(() => parseCrossovers(text)).toThrow("EMPREINTE_CROSSOVERS");
  });
});

describe("the crossing of measured ratios", () => {
  const at = (...ratios: number[]): number => crossingOf(ratios.map((ratio, i) => ({ rows: 1000 * 2 ** i, ratio })));

  it.each([
    ["halfway between two sizes, by their logarithms", [2, 0.5], 1414],
    ["nearer to the size whose ratio is nearer to 1", [4, 0.5], 1587],
    ["the last one where noise makes several", [2, 0.5, 2, 0.5], 5657],
    ["the first size with tables", [Infinity, 0.1], 2000],
    ["the first size where tables always win", [0.5, 0.1], 1000],
    ["none where tables never win", [3, 2, 1], Infinity],
    ["none where only the last size loses", [0.5, 0.2, 1.1], Infinity],
  ])("%s", (_, ratios, rows) => {
    expect(at(...ratios)).toBe(rows);
  });
});
