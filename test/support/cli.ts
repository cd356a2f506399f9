import { mkdirSync, mkdtempSync, readFileSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { Readable, Writable } from "node:stream";
import sharp, { type Sharp } from "sharp";
import { main as runCommandLine } from "../../dist/cli/command-line.js";
import { Session } from "../../dist/cli/io/session.js";
import { makeInput, SPECS } from "../../fixtures/kat/inputs.mjs";
import { removeAtEnd } from "./closing.ts";
import { type Ran, root, run } from "./run.ts";

export const main: string = join(root, "dist/cli/main.js");

/** The command as a child process, as a user runs it. */
export function empreinteProcess(args: readonly string[], options: Parameters<typeof run>[2] = {}): Promise<Ran> {
  return run(process.execPath, [main, ...args], options);
}

/** A stream that keeps what is written to it. */
function collector(): { stream: Writable; text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

/** The command in this process, with streams of its own: the same as a child process, without the time to start one. */
export async function empreinte(
  args: readonly string[],
  { input = "" }: { input?: string | Uint8Array } = {},
): Promise<Ran> {
  const [out, err] = [collector(), collector()];
  const stdin = Readable.from([Buffer.from(input as Uint8Array)]);
  const code = await runCommandLine(args, new Session({ stdin, stdout: out.stream, stderr: err.stream }));
  return { code, signal: null, stdout: out.text(), stderr: err.text() };
}

/** A new folder that is gone after the file's tests. */
export function folder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "empreinte-cli-")));
  removeAtEnd(path);
  return path;
}

export interface Known {
  id: string;
  width: number;
  height: number;
  hash: string;
  quality: number;
  orientations: Record<string, string>;
}

const file = new URL("../../fixtures/kat/pdq-synthetic.json", import.meta.url);
type Vector = Omit<Known, "orientations"> & { dihedral: Record<string, string> };
const vectors = (JSON.parse(readFileSync(file, "utf8")) as { vectors: Vector[] }).vectors;

/** The reference's answer for one of the synthetic RGB inputs, which is what a lossless file of it must hash to. */
export function known(id: string): Known {
  const { dihedral, ...vector } = vectors.find((one) => one.id === id)!;
  return { ...vector, orientations: dihedral };
}

/** The same input as a file of that format (by the name's ending; PNG, TIFF and lossless WebP keep every sample). */
export async function makeImage(id: string, path: string, alter = (image: Sharp): Sharp => image): Promise<string> {
  const spec = SPECS.find((one) => one.id === id)!;
  const { width, height } = spec;
  const image = alter(sharp(makeInput(spec), { raw: { width, height, channels: 3 } }));
  mkdirSync(join(path, ".."), { recursive: true });
  const kept = { webp: image.webp({ lossless: true }), tiff: image.tiff({ compression: "lzw" }), png: image.png() };
  await kept[extname(path).slice(1) as keyof typeof kept].toFile(path);
  return path;
}

export const jsonLines = <T>(text: string): T[] =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
