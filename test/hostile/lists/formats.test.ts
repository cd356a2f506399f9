/** Lists that are built to do harm, that are far too long, or that end where they should not. */
import { fork } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { values } from "../../../fixtures/lists/make.ts";
import { type ListProblem, type ListEntry, openList } from "../../../dist/doors/lists.js";
import { root } from "../../support/run.ts";

const { md5, pdq } = values;
const MiB = 2 ** 20;

/** `count` times `piece`, counted as it is read. */
function repeated(
  head: string,
  piece: string,
  count: number,
): { source: AsyncGenerator<Uint8Array>; requested: () => number } {
  let requested = 0;
  const block = Buffer.from(piece);
  async function* source(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(head);
    for (let i = 0; i < count; i++) {
      requested += block.length;
      yield block;
    }
  }
  return { source: source(), requested: () => requested };
}

interface Outcome {
  entries: ListEntry[];
  faults: ListProblem[];
  error: unknown;
}

async function read(source: AsyncIterable<Uint8Array> | Uint8Array, options: object = {}): Promise<Outcome> {
  const entries: ListEntry[] = [];
  const faults: ListProblem[] = [];
  try {
    for await (const entry of await openList(source, { onProblem: (fault) => faults.push(fault), ...options }))
      entries.push(entry);
  } catch (error) {
    return { entries, faults, error };
  }
  return { entries, faults, error: undefined };
}

describe("XML", () => {
  const entry = `<image><member id="1">m</member><id>i</id><fingerprints><md5>${md5(1)}</md5></fingerprints></image>`;

  test("a bomb of 100 MB of entity definitions is refused at once, by name", async () => {
    const head = '<?xml version="1.0"?>\n<!DOCTYPE queryResult [\n<!ENTITY a "aaaaaaaaaa">\n';
    const { source, requested } = repeated(head, `<!ENTITY b "${"&a;".repeat(20_000)}">\n`, 1700);
    const { error } = await read(source);
    expect(error).toMatchObject({ code: "ERR_EMPREINTE_LIST" });
    expect(String(error)).toMatch(/document type declaration \(DTD\).*refused/);
    expect(requested()).toBeLessThan(MiB);
  });

  test("a declaration in pieces, behind comments and instructions", async () => {
    const text = `\uFEFF<?xml version="1.0"?><!-- <!DOCTYPE x> --><?a b?>\n<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>`;
    async function* bytes(): AsyncGenerator<Uint8Array> {
      for (const byte of Buffer.from(text)) yield Uint8Array.of(byte);
    }
    expect(String((await read(bytes())).error)).toMatch(/document type declaration/);
    const only = `<?xml version="1.0"?><!-- <!DOCTYPE x> --><queryResult><images>${entry}</images></queryResult>`;
    expect((await read(Buffer.from(only))).entries).toHaveLength(1);
  });

  test("an entity of a name that XML does not have", async () => {
    const text = `<queryResult><images>${entry}\n<image><id>&xxe;</id></image></images></queryResult>`;
    const { entries, error } = await read(Buffer.from(text));
    expect(entries).toHaveLength(1);
    expect(String(error)).toMatch(/entry 2, line 2: .*undefined entity/);
  });

  test.each<[string, string, string]>([
    ["a comment", "<queryResult><images><image><!-- ", "a-"],
    ["an instruction", "<queryResult><images><image><?x a", "a?"],
    ["a CDATA section", "<queryResult><images><image><id><![CDATA[", "a]"],
    ["a text of references", "<queryResult><images><image><id>", "&amp;"],
    ["an attribute of references", '<queryResult><images><image a="', "&amp;"],
  ])("%s that the parser would keep in millions of pieces ends after a MiB", async (_, head, piece) => {
    let taken = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(head);
      for (const chunk = Buffer.from(piece.repeat(10_000)); taken < 16 * MiB; taken += chunk.length) yield chunk;
    }
    const { error } = await read(source());
    expect(String(error)).toMatch(/a comment, a text or a tag has more than 1048576 bytes/);
    expect(taken).toBeLessThan(1.25 * MiB);
  });

  test("nesting without end, text without end, a comment without end", async () => {
    const deep = await read(repeated("<queryResult>", "<a>".repeat(10_000), 2000).source);
    expect(String(deep.error)).toMatch(/more than 64 levels of nesting/);
    for (const head of ["<queryResult><images><image><id>", "<queryResult><!-- ", '<queryResult><a b="']) {
      const { source, requested } = repeated(head, "x".repeat(65_536), 3000);
      const { error } = await read(source, { maxEntryBytes: MiB });
      expect(String(error)).toMatch(/more than 1048576 bytes without a whole entry; maxEntryBytes/);
      expect(requested()).toBeLessThan(2 * MiB);
    }
  });

  test("cut off at every byte: all whole entries before it, and an error", async () => {
    const head = "<queryResult><images>";
    const text = `${head}${entry}\n${entry}</images><paging><next>n</next></paging></queryResult>`;
    for (let length = head.length; length < text.length; length += 7) {
      const { entries, error } = await read(Buffer.from(text.slice(0, length)));
      const whole = text.slice(0, length).split("</image>").length - 1;
      expect(entries).toHaveLength(whole);
      expect(String(error)).toMatch(/ends in the middle of the XML/);
    }
  });
});

describe("JSON", () => {
  const record = (i: number): string => `{"signalType":"ImagePDQ","hashValue":"${pdq(i)}","hashStatus":"Active"}`;

  test("deep nesting is refused where it begins to be deep", async () => {
    for (const piece of ["[", '{"a":']) {
      const { source, requested } = repeated(`{"hashRecords":[${record(1)},`, piece.repeat(13_000), 2000);
      const { entries, error } = await read(source);
      expect(entries).toHaveLength(1);
      expect(String(error)).toMatch(/entry 1, byte \d+: more than 64 levels of nesting/);
      expect(requested()).toBeLessThan(MiB);
    }
  });

  test("an entry without end", async () => {
    const { source, requested } = repeated('{"hashRecords":[{"hashValue":"', "x".repeat(65_536), 3000);
    expect(String((await read(source, { maxEntryBytes: MiB })).error)).toMatch(/maxEntryBytes/);
    expect(requested()).toBeLessThan(2 * MiB);
  });

  test("a list is cut at every byte, or continues after its end", async () => {
    const text = `{"hashRecords":[${record(1)},${record(2)}],"count":2}`;
    for (let length = 16; length < text.length; length += 5) {
      const { entries, error } = await read(Buffer.from(text.slice(0, length)));
      expect(entries).toHaveLength(
        text.slice(16, length).split("}").length - 1 > 2 ? 2 : text.slice(16, length).split("}").length - 1,
      );
      expect(String(error)).toMatch(/ends in the middle of the JSON/);
    }
    expect((await read(Buffer.from(`${text} \n`))).error).toBeUndefined();
    expect(String((await read(Buffer.from(`${text} {}`))).error)).toMatch(/byte \d+/);
  });

  test("members named as what every object has", async () => {
    const text = `{"hashRecords":[{"__proto__":{"signalType":"ImagePDQ"},"constructor":1,"hashValue":"${pdq(1)}"},${record(2)}]}`;
    const { entries, faults } = await read(Buffer.from(text));
    expect(entries).toHaveLength(1);
    expect(faults).toMatchObject([{ entry: 1, field: "signalType", skipped: true }]);
    expect(({} as { signalType?: string }).signalType).toBeUndefined();
  });
});

describe("CSV", () => {
  test("a quote that is never closed costs its line, not the file", async () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => `${md5(i % 50)},note ${i}\n`);
    rows[10] = `${md5(1)},"never closed\n`;
    const { entries, faults } = await read(Buffer.from(`md5,note\n${rows.join("")}`), { columns: { md5: "md5" } });
    expect(entries).toHaveLength(29_999);
    expect(faults).toMatchObject([{ entry: 11, line: 12, skipped: true, reason: /never ends/ }]);
  });

  test("a line without end", async () => {
    const { source, requested } = repeated("md5,note\n", "x".repeat(65_536), 3000);
    expect(String((await read(source, { columns: { md5: 1 }, maxEntryBytes: MiB })).error)).toMatch(/maxEntryBytes/);
    expect(requested()).toBeLessThan(2 * MiB);
  });
});

describe("names that no bank would take", () => {
  test("a label of ten thousand characters and a case with a NUL do not cost the entry", async () => {
    const feedback = [{ feedbackValue: "None", tags: ["x".repeat(10_000), "fine"] }];
    const one = {
      signalType: "ImagePDQ",
      hashValue: pdq(1),
      caseNumbers: { "a\0b": "Active", c: "Active" },
      CSPFeedbacks: feedback,
    };
    const { entries, faults } = await read(Buffer.from(JSON.stringify({ hashRecords: [one] })));
    expect(entries).toMatchObject([{ labels: [{ scheme: "tag", code: "fine" }], cases: ["c"] }]);
    expect(faults.map(({ field, skipped }) => [field, skipped])).toEqual([
      ["labels", false],
      ["cases", false],
    ]);
  });
});

describe("how it is read", () => {
  test("an abort ends it, with the reason, and the source is closed", async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.from(`${pdq(1)}\n`.repeat(100));
      } finally {
        closed = true;
      }
    }
    const abort = new AbortController();
    const reason = new Error("enough");
    const list = await openList(source(), { signal: abort.signal });
    await expect(
      (async () => {
        for await (const _ of list.batches()) abort.abort(reason);
      })(),
    ).rejects.toBe(reason);
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(true);
  });

  test("a second reading is refused; a list that is not read is closed", async () => {
    const list = await openList(Buffer.from(`${pdq(1)}\n`));
    for await (const _ of list) break;
    await expect(list[Symbol.asyncIterator]().next()).rejects.toThrow(/read already/);
    const other = await openList(join(root, "package.json"), { format: "plain" });
    await other.close();
    await expect(other[Symbol.asyncIterator]().next()).rejects.toThrow(/read already/);
  });

  test("a file that is not there", async () => {
    await expect(openList("/nonexistent/list.xml")).rejects.toMatchObject({ code: "ERR_EMPREINTE_READ" });
  });
});

describe("memory does not grow with the list", () => {
  const reading = (format: string, bytes: number): Promise<{ entries: number; problems: number; grown: number }> =>
    new Promise((resolve, reject) => {
      const child = fork(join(root, "test/support/list-memory.mjs"), {
        env: { ...process.env, LIST_FORMAT: format, LIST_BYTES: String(bytes) },
        execArgv: ["--max-old-space-size=96"],
      });
      child.once("message", resolve as (message: unknown) => void);
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`ended with ${code}`)));
    });

  // A heap of 96 MiB could not hold a tenth of it.
  test.each(["ncmec", "vics-2.0", "signal-csv"])("%s, 60 MB", async (format) => {
    const { entries, problems, grown } = await reading(format, 60e6);
    expect(problems).toBe(0);
    expect(entries).toBeGreaterThan(150_000);
    expect(grown).toBeLessThan(160 * MiB);
  });
});
