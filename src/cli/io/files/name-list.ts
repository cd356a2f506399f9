import { addAbortSignal, type Readable } from "node:stream";
import { type Path, pathOf, shownPath } from "../names.js";
import { pipeOrPath } from "./pipes.js";

/** Bytes of the longest name that is read: no system has longer paths. */
const longest = 65_536;

/** Yields the parts of a stream between the separators, without them; empty ones are left out. */
async function* parts(stream: AsyncIterable<Buffer>, separator: number): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    let from = 0;
    for (let at = chunk.indexOf(separator); at >= 0; at = chunk.indexOf(separator, from)) {
      const part = Buffer.concat([rest, chunk.subarray(from, at)]);
      rest = Buffer.alloc(0);
      from = at + 1;
      if (part.length > 0) yield part;
    }
    rest = Buffer.concat([rest, chunk.subarray(from)]);
    if (rest.length > longest) throw new RangeError(`it has a name of more than ${longest} bytes`);
  }
  if (rest.length > 0) yield rest;
}

const withoutReturn = (name: Buffer): Buffer => (name.at(-1) === 0x0d ? name.subarray(0, -1) : name);

async function streamOf(source: string, stdin: Readable): Promise<Readable> {
  const given = source === "-" ? stdin : pipeOrPath(source);
  if (typeof given !== "string") return given;
  // The table of commands imports this file, and help needs nothing of the library.
  const { openFile } = await import("../../../files/open-file.js");
  return (await openFile(given)).file.createReadStream();
}

/**
 * Yields the names in a file or, for `-`, on standard input: a line each, or with `zero` separated by zero bytes. Names
 * are bytes.
 * @throws {EmpreinteError} `ERR_EMPREINTE_READ`.
 */
export async function* namesIn(
  source: string,
  { zero, stdin, signal }: { zero: boolean; stdin: Readable; signal: AbortSignal },
): AsyncGenerator<Path> {
  const crlf = process.platform === "win32" && !zero;
  try {
    const stream = addAbortSignal(signal, await streamOf(source, stdin));
    for await (const name of parts(stream as AsyncIterable<Buffer>, zero ? 0 : 0x0a)) {
      yield pathOf(crlf ? withoutReturn(name) : name);
    }
  } catch (error) {
    signal.throwIfAborted();
    const { EmpreinteError } = await import("../../../index.js");
    const name = source === "-" ? "standard input" : shownPath(source);
    throw new EmpreinteError("ERR_EMPREINTE_READ", `${name} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
