/** What decoding would cost, as it is computed from a header: at the bound, and just beyond it. */
import { describe, expect, test } from "vitest";
import { checkFrames, checkPasses, checkSides, checkWhole, maxSide } from "../../../dist/image/checks/work.js";

type Image = Parameters<typeof checkWhole>[0];
const image = (format: Image["format"], bytes: number, maxSeconds: number): Image =>
  ({ name: "it", format, bytes: { length: bytes }, limits: { maxSeconds } }) as unknown as Image;

/** Whether work is allowed. */
function fits(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: "ERR_EMPREINTE_LIMIT" });
    return false;
  }
}

describe("an image that is decoded as a whole", () => {
  test.each([
    ["webp", 2 ** 25, 2 ** 23],
    ["avif", 2 ** 24, 2 ** 22],
  ] as const)("%s: pixels and bytes add to the seconds", (format, pixels, bytes) => {
    const [width, height] = [4096, pixels / 4096];
    expect(fits(() => checkWhole(image(format, 0, 1), width, height))).toBe(true);
    expect(fits(() => checkWhole(image(format, 1, 1), width, height))).toBe(false);
    expect(fits(() => checkWhole(image(format, 0, 1), width, height + 1))).toBe(false);
    expect(fits(() => checkWhole(image(format, bytes, 2), width, height))).toBe(true);
    expect(fits(() => checkWhole(image(format, bytes, 1), 1, 1))).toBe(false);
  });

  test("other formats give rows before the last, and are bounded while they are decoded", () => {
    expect(fits(() => checkWhole(image("png", 2 ** 30, 1), 65_536, 65_536))).toBe(true);
  });
});

test("passes touch 2^26 samples in a second, and frames compose 2^25 pixels", () => {
  expect(fits(() => checkPasses(image("jpeg", 0, 2), "scans", 2 ** 27))).toBe(true);
  expect(fits(() => checkPasses(image("jpeg", 0, 2), "scans", 2 ** 27 + 1))).toBe(false);
  expect(fits(() => checkFrames(image("gif", 0, 2), 64, 2 ** 20))).toBe(true);
  expect(fits(() => checkFrames(image("gif", 0, 2), 65, 2 ** 20))).toBe(false);
});

test("no side is longer than the limit, whichever it is", () => {
  expect(fits(() => checkSides(image("png", 0, 1), maxSide, maxSide))).toBe(true);
  expect(fits(() => checkSides(image("png", 0, 1), maxSide + 1, 1))).toBe(false);
  expect(fits(() => checkSides(image("png", 0, 1), 1, maxSide + 1))).toBe(false);
});
