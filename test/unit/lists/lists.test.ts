import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { EmpreinteError, HashList } from "../../../dist/index.js";
import { InvalidArgumentError } from "../../../dist/errors.js";
import { type ListEntry, type ListInput, openList, type OpenListOptions } from "../../../dist/doors/lists.js";
import { batchesOf } from "../../../dist/lists/batches.js";
import { readChunks } from "../../../dist/lists/input.js";
import { hex } from "../../support/hashes.ts";
import { hexHashes, read, reasons } from "../../support/lists.ts";

const [a, b, c] = hexHashes(3, 11) as [string, string, string];
const core = { name: "the feed", allowTrivialHashes: false, onProblem: undefined };
const folder = mkdtempSync(join(tmpdir(), "empreinte-lists-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("a hash a line, with metadata or without", () => {
  test("lines are numbered from 1, blank ones included", async () => {
    expect(await read(`${a}\n\n \t\n${b}`)).toEqual({
      entries: [
        [1, a, ""],
        [4, b, ""],
      ],
      problems: [],
    });
  });

  test("metadata is what follows the first comma, without the white space around it", async () => {
    const { entries } = await read(`${a},case 7\n${b} , one, two,three \n${c},\n`);
    expect(entries.map(([, , metadata]) => metadata)).toEqual(["case 7", "one, two,three", ""]);
  });

  test("metadata that is one quoted field loses its quotes; any other keeps them", async () => {
    const { entries } = await read(`${a},"say ""hi"", twice"\n${b},"x","y"\n${c},"open\n`);
    expect(entries.map(([, , metadata]) => metadata)).toEqual([`say "hi", twice`, `"x","y"`, `"open`]);
  });

  test("metadata is UTF-8", async () => {
    const { entries } = await read(`${a},dépôt 写真 \u{1f5bc}\n`);
    expect(entries).toEqual([[1, a, "dépôt 写真 \u{1f5bc}"]]);
  });

  test.each(["hash,metadata", "HASH", "Hash,quality,path", `"hash","metadata"`])("a header: %s", async (header) => {
    expect(await read(`${header}\n${a},x\n`)).toEqual({ entries: [[2, a, "x"]], problems: [] });
  });

  test("hashes as people write them", async () => {
    const base64 = Buffer.from(b, "hex").toString("base64");
    const { entries, problems } = await read(`0x${a.toUpperCase()}\n\t${base64},m\n${base64.slice(0, 43)}\n"${c}",q\n`);
    expect(problems).toEqual([]);
    expect(entries).toEqual([
      [1, a, ""],
      [2, b, "m"],
      [3, b, ""],
      [4, c, "q"],
    ]);
  });

  test("there are no comments in this form", async () => {
    expect(await read(`# made today\n${a}\n`)).toEqual({ entries: [[2, a, ""]], problems: [[1, reasons.length]] });
  });
});

describe("python-threatexchange's <signal type> <signal> lines", () => {
  test("other types are reported, pdq is read", async () => {
    expect(await read(`pdq ${a}\nvideo_md5 ${"0".repeat(32)}\nurl example.test/a b\npdq ${b.toUpperCase()}\n`)).toEqual(
      {
        entries: [
          [1, a, ""],
          [4, b, ""],
        ],
        problems: [
          [2, reasons.signal],
          [3, reasons.signal],
        ],
      },
    );
  });

  test("the first line may be of another type", async () => {
    expect(await read(`raw_text hello there\npdq ${a}\n`)).toEqual({
      entries: [[2, a, ""]],
      problems: [[1, reasons.signal]],
    });
  });

  test("a line without a type is reported", async () => {
    expect((await read(`pdq ${a}\n${b}\npdq\n`)).problems).toEqual([
      [2, reasons.missing],
      [3, reasons.missing],
    ]);
  });
});

describe("python-threatexchange's CSV", () => {
  const header = "signal_type,signal_str,collab,category,tags\r\n";

  test("metadata is the fields that are there, by name", async () => {
    const rows = [`pdq,${a},Sample,POSITIVE_CLASS,one two`, `pdq,${b},,INVESTIGATION_SEED,`, `pdq,${c}`];
    const { entries, problems } = await read(header + rows.join("\r\n"));
    expect(problems).toEqual([]);
    expect(entries).toEqual([
      [2, a, "collab=Sample; category=POSITIVE_CLASS; tags=one two"],
      [3, b, "category=INVESTIGATION_SEED"],
      [4, c, ""],
    ]);
  });

  test("columns are found by name, in any order, others ignored", async () => {
    const { entries } = await read(`tags,added,signal_str,signal_type\nt,2020,${a},pdq\n`);
    expect(entries).toEqual([[2, a, "tags=t"]]);
  });

  test("quoted fields may hold commas, doubled quotes and line breaks; lines go on counting", async () => {
    const { entries, problems } = await read(`${header}pdq,${a},"A, ""B""",X,"t1\r\nt2"\r\n"pdq","${b}",C,,\r\n`);
    expect(problems).toEqual([]);
    expect(entries).toEqual([
      [2, a, `collab=A, "B"; category=X; tags=t1\r\nt2`],
      [4, b, "collab=C"],
    ]);
  });

  test("other types and missing fields are reported", async () => {
    const { entries, problems } = await read(`${header}video_md5,00,,,\r\npdq\r\n,${a},,,\r\npdq,${b},,,\r\n`);
    expect(entries).toEqual([[5, b, ""]]);
    expect(problems).toEqual([
      [2, reasons.signal],
      [3, reasons.missing],
      [4, reasons.missing],
    ]);
  });

  test("a quote that never ends costs its own line only", async () => {
    const { entries, problems } = await read(`${header}pdq,${a},"C\r\npdq,${b},D,,\r\n`);
    expect(problems).toEqual([[2, reasons.quote]]);
    expect(entries).toEqual([[3, b, "collab=D"]]);
  });
});

const shown = ({ position, signals, fields }: ListEntry): object => ({
  line: position?.line,
  hash: signals[0]!.value,
  metadata: fields?.["metadata"],
});
async function entriesOf(source: ListInput, options?: OpenListOptions): Promise<object[]> {
  const entries: object[] = [];
  for await (const entry of await openList(source, options)) entries.push(shown(entry));
  return entries;
}

describe("sources", () => {
  const content = `${a},x\r\n${b},y\r\n`;
  const wanted = [
    { line: 1, hash: a, metadata: "x" },
    { line: 2, hash: b, metadata: "y" },
  ];
  const bytes = new TextEncoder().encode(content);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < bytes.length; i += 50) yield bytes.subarray(i, i + 50);
  }

  test("path, file URL, bytes, Node stream, web stream, async iterable: the same entries", async () => {
    const path = file("list.csv", content);
    expect(await entriesOf(path)).toEqual(wanted);
    expect(await entriesOf(pathToFileURL(path))).toEqual(wanted);
    expect(await entriesOf(bytes)).toEqual(wanted);
    expect(await entriesOf(Readable.from(pieces()))).toEqual(wanted);
    expect(await entriesOf(Readable.toWeb(Readable.from(pieces())))).toEqual(wanted);
    expect(await entriesOf(pieces())).toEqual(wanted);
  });

  test("a list that cannot be read is an error with its name and the system's reason", async () => {
    const missing = join(folder, "missing.csv");
    const error = await entriesOf(missing).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(EmpreinteError);
    expect(error).toMatchObject({ code: "ERR_EMPREINTE_READ", cause: { code: "ENOENT" } });
    expect((error as Error).message).toContain(missing);
    const folderError = await HashList.load(folder).catch((e: unknown) => e);
    expect(folderError).toMatchObject({ code: "ERR_EMPREINTE_READ", cause: { code: "EISDIR" } });
  });

  test("a stream that fails gives what came before, then the error", async () => {
    const cause = new Error("the wire broke");
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield bytes;
      throw cause;
    }
    const plain = failing();
    for (const source of [plain, Readable.from(failing()), Readable.toWeb(Readable.from(failing()))]) {
      const entries: string[] = [];
      const reading = (async () => {
        for await (const batch of batchesOf(readChunks(source, "the feed", undefined), core)) {
          for (let i = 0; i < batch.ends.length; i++) entries.push(hex(batch.hashes.subarray(32 * i, 32 * i + 32)));
        }
      })();
      await expect(reading).rejects.toMatchObject({
        code: "ERR_EMPREINTE_READ",
        message: "The list the feed cannot be read: the wire broke",
        cause,
      });
      // Node's streams and the web's drop what they hold when they fail.
      if (source === plain) expect(entries).toEqual([a, b]);
    }
  });

  test("a consumer that stops early closes the stream", async () => {
    let returned = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield bytes;
      } finally {
        returned = true;
      }
    }
    for await (const { signals } of await openList(endless())) {
      expect(signals[0]!.value).toBe(a);
      break;
    }
    expect(returned).toBe(true);

    const stream = Readable.from(endless());
    for await (const entry of await openList(stream)) if (entry) break;
    expect(stream.destroyed).toBe(true);

    let cancelled = false;
    const web = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(bytes),
      cancel: () => void (cancelled = true),
    });
    for await (const entry of await openList(web)) if (entry) break;
    expect(cancelled).toBe(true);
  });

  test("an abort ends a read that waits, with the signal's reason, and closes the stream", async () => {
    const reason = new Error("enough");
    let cancelled = false;
    const silent = new Readable({ read: () => undefined });
    const silentWeb = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) });
    for (const source of [silent, silentWeb]) {
      const controller = new AbortController();
      const reading = entriesOf(source, { signal: controller.signal });
      setImmediate(() => controller.abort(reason));
      await expect(reading).rejects.toBe(reason);
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(silent.destroyed).toBe(true);
    expect(cancelled).toBe(true);
    await expect(entriesOf(bytes, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe("arguments", () => {
  test.each([[undefined], [null], [7], [""], [{}], [new URL("https://example.test/list")]])(
    "no input: %s",
    async (source) => {
      await expect(openList(source as never)).rejects.toThrow(InvalidArgumentError);
      await expect(openList(source as never)).rejects.toThrow(
        /^Expected path, file URL, bytes or stream of a list for input/,
      );
    },
  );

  test("options are checked before anything is read", async () => {
    const list = Buffer.from(a);
    await expect(openList(list, { onProblem: "log" as never })).rejects.toThrow(/Expected function for onProblem/);
    await expect(openList(list, { signal: {} as never })).rejects.toThrow(/Expected AbortSignal for signal/);
    await expect(openList(list, { allowdegenerate: true } as never)).rejects.toThrow(/Unknown option allowdegenerate/);
    await expect(HashList.load(list, { allowTrivialHashes: 1 as never })).rejects.toThrow(
      /Expected boolean for allowTrivialHashes/,
    );
  });

  test("a piece of a stream that is no bytes", async () => {
    await expect(entriesOf(Readable.from([{ some: "object" }]))).rejects.toThrow(
      /Expected Uint8Array for chunk of the list/,
    );
    expect(await entriesOf(Readable.from([`${a}\n`, b]))).toHaveLength(2);
  });

  test("what onProblem throws ends the reading", async () => {
    const error = new Error("strict");
    const onProblem = (): never => {
      throw error;
    };
    await expect(entriesOf(Buffer.from(`${a}\nzz\n`), { onProblem })).rejects.toBe(error);
    await expect(read(`${a}\nzz\n`, { onProblem })).rejects.toBe(error);
  });
});
