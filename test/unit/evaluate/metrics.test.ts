import { describe, expect, it } from "vitest";
import { csvRows } from "../../../dist/evaluate/methods/distances.js";
import { meanInterval, quantile, upperRate, wilson } from "../../../dist/evaluate/report/metrics.js";
import { Random } from "../../../dist/evaluate/random.js";

describe("metrics", () => {
  it("Wilson's interval has the values of the literature", () => {
    // Newcombe 1998, table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for (const [found, of, least, most] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ] as const) {
      const [low, high] = wilson(found, of);
      expect(low).toBeCloseTo(least, 4);
      expect(high).toBeCloseTo(most, 4);
    }
    expect(wilson(0, 0)).toEqual([0, 1]);
    expect(wilson(5, 5)[1]).toBe(1);
  });

  it("covers the true share in about 95 of 100 samples", () => {
    const random = new Random("coverage");
    let covered = 0;
    for (let i = 0; i < 4000; i++) {
      let found = 0;
      for (let k = 0; k < 60; k++) if (random.chance(0.83)) found++;
      const [least, most] = wilson(found, 60);
      if (least <= 0.83 && 0.83 <= most) covered++;
    }
    expect(covered / 4000).toBeGreaterThan(0.935);
    expect(covered / 4000).toBeLessThan(0.97);
  });

  it("the rule of three: with that rate, nothing is seen in 5 of 100 samples", () => {
    expect(upperRate(0, 300)).toBe(0.01);
    expect((1 - upperRate(0, 300)) ** 300).toBeCloseTo(0.05, 2);
    expect(upperRate(0, 0)).toBe(1);
    expect(upperRate(3, 100)).toBeGreaterThan(0.03);
  });

  it("quantiles are ranks, and a mean's interval narrows with the root of the number", () => {
    expect(quantile([5, 1, 3], 0.5)).toBe(3);
    expect(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9)).toBe(9);
    expect(quantile([], 0.5)).toBeNull();
    const few = [0.2, 0.4, 0.6, 0.8];
    const many = Array.from({ length: 100 }, () => few).flat();
    const width = ([least, most]: [number, number]): number => most - least;
    expect(width(meanInterval(few)) / width(meanInterval(many))).toBeCloseTo(Math.sqrt((4 / 3) * (399 / 400) * 100), 1);
  });

  it("reads CSV as RFC 4180 has it", () => {
    const text = 'a,b\r\n"x, y","say ""no"""\n1,\n\n"two\nlines",3';
    expect(csvRows(text)).toEqual([
      ["a", "b"],
      ["x, y", 'say "no"'],
      ["1", ""],
      ["two\nlines", "3"],
    ]);
    expect(csvRows("a,")).toEqual([["a", ""]]);
    expect(() => csvRows('a"b,c')).toThrow("row 1");
  });
});
