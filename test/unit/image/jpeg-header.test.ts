/** Our reader of JPEG headers against the decoder's own. */
import sharp, { type Metadata, type Sharp } from "sharp";
import { describe, expect, test } from "vitest";
import { type Header, jpegHeader } from "../../../dist/image/decode/jpeg-header.js";
import { defaultLimits } from "../../../dist/index.js";
import { mulberry32 } from "../../../fixtures/kat/inputs.mjs";
import { rounds } from "../../support/long.ts";

const next = mulberry32(5);
const random = (): number => next() / 2 ** 32;
const [width, height] = [83, 57];
const samples = Uint8Array.from({ length: 4 * width * height }, () => 256 * random());
const pixels = (channels: 1 | 3 | 4): Sharp =>
  sharp(samples.subarray(0, channels * width * height), { raw: { width, height, channels } });

const kinds: Record<string, () => Sharp> = {
  "in grey": () => pixels(1).toColourspace("b-w").jpeg(),
  "in colour": () => pixels(3).jpeg(),
  "with all samples of the colours": () => pixels(3).jpeg({ chromaSubsampling: "4:4:4" }),
  "that is progressive": () => pixels(3).jpeg({ progressive: true }),
  "with inks": () => pixels(3).toColourspace("cmyk").jpeg(),
  "with EXIF and an ICC profile": () =>
    pixels(3)
      .withExif({ IFD0: { Artist: "x".repeat(300) } })
      .withIccProfile("p3")
      .jpeg(),
};

const read = (bytes: Buffer): Header | undefined =>
  jpegHeader({
    bytes,
    format: "jpeg",
    name: "a JPEG",
    limits: { ...defaultLimits, maxPixels: 2 ** 40, isolation: "none" },
    signal: new AbortController().signal,
  });

/** What decoding takes from a header. */
const essence = ({ width: w, height: h, space, depth, channels }: Header): unknown => ({
  width: w,
  height: h,
  space,
  depth,
  channels,
});

describe("the header of a JPEG", () => {
  test.each(Object.entries(kinds))("%s is what the decoder says", async (_, make) => {
    const bytes = await make().toBuffer();
    expect(essence(read(bytes)!)).toEqual(essence(await sharp(bytes).metadata()));
  });

  test.each(Object.entries(kinds))(
    "%s, with damaged markers: the decoder says the same or refuses it",
    async (_, make) => {
      const bytes = await make().toBuffer();
      const scan = bytes.indexOf(Buffer.from([0xff, 0xda]));
      let compared = 0;
      for (let i = rounds(100, 800); i > 0; i--) {
        const copy = Buffer.from(bytes);
        for (let changes = 1 + 2 * random(); changes > 0; changes--) {
          // Mostly near the frame, which is just before the first scan, but for the tables.
          const at = 2 + Math.floor((scan + 12) * (random() < 0.5 ? random() : 1 - random() / 2));
          copy[at] = random() < 0.3 ? [0xff, 0xc0, 0xc2, 0xd9, 0xda, 0][Math.floor(6 * random())]! : 256 * random();
        }
        const said: Metadata | undefined = await sharp(copy, { limitInputPixels: false })
          .metadata()
          .catch(() => undefined);
        const ours = (() => {
          try {
            return read(copy);
          } catch {
            return undefined;
          }
        })();
        if (said === undefined || ours === undefined) continue;
        compared++;
        expect(essence(ours), copy.toString("base64")).toEqual(essence(said));
      }
      expect(compared).toBeGreaterThan(10);
    },
  );
});
