/** In a walked folder nothing that is an image or video, or is named like one, is skipped in silence. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { empreinte, empreinteProcess } from "../../support/cli.ts";
import { root } from "../../support/run.ts";
import { needsLongRun } from "../../support/long.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "empreinte-skipped-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder of files, made anew. */
function folderOf(files: Record<string, string | Uint8Array>): string {
  const path = join(folder, "walked");
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(path, name), typeof content === "string" ? Buffer.from(content, "latin1") : content);
  }
  return path;
}

/** Names that the command reported as failures, and its exit status. */
async function reported(path: string): Promise<{ names: string[]; code: number | null; skipped: number }> {
  const { stdout, stderr, code } = await empreinte(["hash", "--json", path]);
  const lines = stdout.split("\n").filter((line) => line !== "");
  const names = lines.map((line) => (JSON.parse(line) as { path: string }).path.slice(path.length + 1));
  return { names, code, skipped: Number(/(\d+) skipped/.exec(stderr)?.[1] ?? 0) };
}

const bitmap = Buffer.alloc(200);
bitmap.write("BM", "latin1");
bitmap.writeUInt32LE(200, 2);
bitmap.writeUInt32LE(54, 10);
bitmap.writeUInt32LE(40, 14);

describe("what looks like an image or video is reported, whatever its name is", () => {
  const contents: [string, string | Uint8Array][] = [
    ["HEIC", "\0\0\0\x18ftypheic\0\0\0\0mif1heic"],
    ["an unknown brand of boxes", "\0\0\0\x18ftypzzzz\0\0\0\0zzzzzzzz"],
    ["JPEG XL", "\xff\x0a\0\0\0\0"],
    ["JPEG XL in boxes", "\0\0\0\x0cJXL \r\n\x87\n"],
    ["JPEG 2000", "\0\0\0\x0cjP  \r\n\x87\n"],
    ["a JPEG 2000 stream", "\xff\x4f\xff\x51\0\0"],
    ["a bitmap", bitmap],
    ["an icon", `\0\0\x01\0\x01\0\x10\x10${"\0".repeat(20)}`],
    ["Photoshop", "8BPS\0\x01"],
    ["a portable pixmap", "P6\n# comment\n4 4\n255\n"],
    ["SVG", '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ["JPEG XR", "II\xbc\x01"],
    ["Windows Media", "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c"],
    ["RealMedia", ".RMF\0\0\0\x12"],
    ["MXF", "\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01"],
    ["IVF", "DKIF\0\0 \0AV01"],
    ["YUV4MPEG2", "YUV4MPEG2 W4 H4 F25:1\nFRAME\n"],
    ["an MPEG video stream", "\0\0\x01\xb3\x16\0\xf0"],
    ["a TIFF of floats in disguise", "II*\0\x08\0\0\0\0\0"],
    ["a Matroska file that ends", "\x1a\x45\xdf\xa3\x93"],
    ["an AVI that ends", "RIFF\x10\0\0\0AVI LIST"],
  ];
  it.each(contents)("%s", async (_, content) => {
    expect(await reported(folderOf({ "data.bin": content, "notes.txt": "text" }))).toEqual({
      names: ["data.bin"],
      code: 2,
      skipped: 1,
    });
  });
});

describe("what is named like an image or video is reported, whatever its content is", () => {
  it.each(
    "a.mp4 a.MOV a.mkv a.webm a.avi a.wmv a.flv a.mpg a.m2ts a.3gp a.ogv a.rm a.vob a.mxf a.jpg a.JPE a.png a.heic a.bmp a.jxl a.jp2 a.psd a.cr3 a.tga a.svgz a.ppm".split(
      " ",
    ),
  )("%s", async (name) => {
    for (const content of ["", "text", "\0\x01\x02"]) {
      expect(await reported(folderOf({ [name]: content })), JSON.stringify(content)).toEqual({
        names: [name],
        code: 2,
        skipped: 0,
      });
    }
  });

  it("a transport stream is not a program in TypeScript", async () => {
    const files = { "code.ts": "export const a = 1;\n", "module.mts": "export {};\n", "clip.ts": "\x47\0\x01\x02" };
    expect(await reported(folderOf(files))).toEqual({ names: ["clip.ts"], code: 2, skipped: 2 });
  });
});

it("other files are skipped and counted", async () => {
  const files = {
    "a.txt": "BM is no bitmap, nor is this",
    "b.json": "{}",
    "c.pdf": "%PDF-1.7\n",
    "d.zip": "PK\x03\x04",
    "e.mp3": "ID3\x03\0",
    "f.csv": "P1,2\n",
    "g.xml": '<?xml version="1.0"?><list/>',
    "h.html": "<html><svg></svg></html>",
    "i.bin": "\0\0\0\0\0\0\0\0",
    empty: "",
  };
  expect(await reported(folderOf(files))).toEqual({ names: [], code: 0, skipped: 10 });
});

const uploads = join(root, "../shared/faults/inputs/01-uploads");
it.skipIf(!existsSync(uploads))("videos of a codec that is not decoded are reported by every command", async (ctx) => {
  needsLongRun(ctx);
  const names = ["archive.mkv", "clip.wmv", "empty.mp4", "old.avi", "quicktime.mov"];
  const list = join(folder, "list.txt");
  writeFileSync(list, "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22\n");
  for (const args of [["hash"], ["scan", "--list", list], ["hash", "--quiet"], ["hash", "--json", "--quiet"]]) {
    const { stdout, stderr, code } = await empreinteProcess([...args, uploads]);
    expect(code, args.join(" ")).toBe(2);
    for (const name of names) expect(stdout + stderr, args.join(" ")).toContain(name);
  }
});
