import { describe, expect, it, test } from "vitest";
import { sniffImage } from "../../../dist/index.js";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");
const box = (size: string, rest: string): Uint8Array => bytes(`\0\0\0${size}ftyp${rest}`);

describe("formats by their first bytes", () => {
  it.each([
    ["jpeg", bytes("\xff\xd8\xff\xe0\0\x10JFIF")],
    ["jpeg", bytes("\xff\xd8\xff\xe1 Exif")],
    ["png", bytes("\x89PNG\r\n\x1a\n\0\0\0\rIHDR")],
    ["gif", bytes("GIF87a")],
    ["gif", bytes("GIF89a")],
    ["webp", bytes("RIFF\x24\0\0\0WEBPVP8 ")],
    ["tiff", bytes("II*\0\x08\0\0\0")],
    ["tiff", bytes("MM\0*\0\0\0\x08")],
    ["tiff", bytes("II+\0\x08\0\0\0")],
    ["tiff", bytes("MM\0+\0\x08\0\0")],
    ["avif", box("\x1c", "avif\0\0\0\0avifmif1miaf")],
    ["avif", box("\x18", "avis\0\0\0\0avismsf1")],
    ["avif", box("\x1c", "mif1\0\0\0\0mif1miafavif")],
    ["avif", box("\x18", "msf1\0\0\0\0msf1avis")],
    ["heic", box("\x18", "heic\0\0\0\0mif1heic")],
    ["heic", box("\x18", "heix\0\0\0\0mif1heix")],
    ["heic", box("\x18", "hevc\0\0\0\0msf1hevc")],
    ["heic", box("\x18", "mif1\0\0\0\0mif1heic")],
    ["heic", box("\x14", "mif1\0\0\0\0mif1avif")],
    ["heic", box("\x1c", "mif1\0\0\0\0mif1miavif1")],
    ["jxl", bytes("\xff\x0a\xfa\x1f")],
    ["jxl", bytes("\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ")],
    ["jp2", bytes("\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ")],
    ["jp2", bytes("\xff\x4f\xff\x51\0\x2f")],
    ["bmp", bytes("BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x10\0\0\0\x10\0\0\0\x01\0\x18\0")],
    ["bmp", bytes("BM\x36\0\0\0\0\0\0\0\x1a\0\0\0\x0c\0\0\0\x10\0\x10\0\x01\0\x18\0\0\0\0\0")],
    ["ico", bytes("\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0\x68\x04\0\0\x16\0\0\0")],
  ] as const)("%s", (format, start) => {
    expect(sniffImage(start)).toBe(format);
    // What follows does not matter, nor where in its memory the array begins.
    const longer = Buffer.concat([Buffer.alloc(3), start, Buffer.alloc(5000, "x")]);
    expect(sniffImage(longer.subarray(3))).toBe(format);
  });

  it.each([
    ["\xff\xd8\xff", "jpeg"],
    ["\x89PNG\r\n\x1a\n", "png"],
    ["GIF89a", "gif"],
    ["RIFF\x24\0\0\0WEBP", "webp"],
    ["MM\0*", "tiff"],
    ["II+\0\x08\0\0\0", "tiff"],
  ])("%j is just enough", (start, format) => {
    expect(sniffImage(bytes(start))).toBe(format);
    expect(sniffImage(bytes(start.slice(0, -1)))).toBeUndefined();
  });

  it.each([
    ["nothing", bytes("")],
    ["a text", bytes("hello, world, this is a text")],
    ["an SVG", bytes('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ["an SVG with a declaration", bytes('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>')],
    ["a PDF", bytes("%PDF-1.7\n")],
    ["a zipped SVG", bytes("\x1f\x8b\x08\0\0\0\0\0")],
    ["MP4", box("\x18", "isom\0\0\0\0isomiso2")],
    ["MP4 that claims avif", box("\x18", "isom\0\0\0\0isomavif")],
    ["a box of 12 bytes", box("\x0c", "avif")],
    ["a box of no size", box("\0", "avif\0\0\0\0avif")],
    ["WAV", bytes("RIFF\x24\0\0\0WAVEfmt ")],
    ["MP4 that claims heic", box("\x18", "isom\0\0\0\0isomheic")],
    ["the first bytes of a BMP", bytes("BM\x36\0\0\0")],
    ["a text that begins with BM", bytes("BM is short for bitmap, and this is a text of some length")],
    ["a BMP of two planes", bytes("BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x10\0\0\0\x10\0\0\0\x02\0\x18\0")],
    ["a BMP of 7 bits", bytes("BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x10\0\0\0\x10\0\0\0\x01\0\x07\0")],
    [
      "a BMP with a header of 41 bytes",
      bytes("BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x29\0\0\0\x10\0\0\0\x10\0\0\0\x01\0\x18\0"),
    ],
    ["an icon without images", bytes("\0\0\x01\0\0\0\x10\x10\0\0\x01\0\x20\0\x68\x04\0\0\x16\0\0\0")],
    [
      "an icon with its image in the directory",
      bytes("\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0\x68\x04\0\0\x15\0\0\0"),
    ],
    ["an icon of two planes", bytes("\0\0\x01\0\x01\0\x10\x10\0\0\x02\0\x20\0\x68\x04\0\0\x16\0\0\0")],
    ["a cursor", bytes("\0\0\x02\0\x01\0\x10\x10\0\0\x01\0\x20\0\x68\x04\0\0\x16\0\0\0")],
    ["an MPEG stream", bytes("\0\0\x01\xb3\x14\0\xf0\xc4\x02\xee\x62\x82\0\0\x01\xb8\0\x08\0\0\0\0\x01")],
    ["a film of JPEG 2000", bytes("\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypmjp2")],
    ["TIFF with the wrong order", bytes("II\0*\x08\0\0\0")],
    ["the first bytes of a JPEG 2000", bytes("\0\0\0\x0cjP  \r\n\x87\n")],
    ["PNG with converted line ends", bytes("\x89PNG\n\x1a\n\0\0\0\0\rIHDR")],
    ["libvips' own format", bytes("\xb6\xa6\xf2\x08\0\0\0\0")],
  ])("%s is not an image", (_, start) => {
    expect(sniffImage(start)).toBeUndefined();
  });
});

test("no bytes beyond 4,096 are looked at", () => {
  const long = Buffer.alloc(10_000, "isom");
  long.write("\0\0\x27\x10ftypmif1", 0, "latin1");
  long.write("avif", 8000, "latin1");
  expect(sniffImage(long)).toBe("heic");
  long.write("avif", 4000, "latin1");
  expect(sniffImage(long)).toBe("avif");
});
