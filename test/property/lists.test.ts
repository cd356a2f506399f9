import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { trivialHashReason, hashToHex } from "../../dist/index.js";
import { read, type Reading, readSource } from "../support/lists.ts";

const hash = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => hashToHex(bytes))
  .filter((text) => trivialHashReason(text) === undefined);
const lineBreak = fc.constantFrom("\n", "\r\n");
/** Text without control characters, as somebody may write it. */
const words = fc
  .string({ unit: "grapheme", maxLength: 30 })
  .map((s) => s.replaceAll(/[\p{C}\u2028\u2029]/gu, "").trim());
const plainWords = words.filter((s) => !s.startsWith('"'));
/** For CSV: quotes, commas and line breaks too. */
const field = fc
  .array(fc.oneof(words, fc.constantFrom(",", '"', "\n", "\r\n", '""')), { maxLength: 5 })
  .map((parts) => parts.join(" ").trim());

/** RFC 4180, or Python's csv writer where only what needs quotes gets them. */
function quoted(text: string, always: boolean): string {
  return always || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function lines(text: string): number {
  return text.split("\n").length - 1;
}

/** Cuts bytes at the given places. */
async function* cut(bytes: Uint8Array, places: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const to of places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b)) {
    yield bytes.slice(from, to);
    from = to;
  }
  yield bytes.slice(from);
}

describe("a list that is written and read", () => {
  test("hash,metadata", async () => {
    const row = fc.record({ hash, metadata: plainWords, upper: fc.boolean(), end: lineBreak, blank: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(row), fc.boolean(), async (rows, header) => {
        let text = header ? "hash,metadata\n" : "";
        const wanted: Reading = { entries: [], problems: [] };
        for (const { hash, metadata, upper, end, blank } of rows) {
          if (blank) text += end;
          wanted.entries.push([lines(text) + 1, hash, metadata]);
          text += `${upper ? hash.toUpperCase() : hash},${metadata}${end}`;
        }
        expect(await read(text)).toEqual(wanted);
      }),
    );
  });

  test("pdq <hash>, between other signals", async () => {
    const row = fc.oneof(
      fc.record({ type: fc.constant("pdq"), signal: hash }),
      fc.record({ type: fc.constantFrom("url", "video_md5", "raw_text"), signal: words.map((s) => `x${s}`) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(row), lineBreak, async (rows, end) => {
        const { entries, problems } = await read(rows.map(({ type, signal }) => `${type} ${signal}${end}`).join(""));
        const numbered = rows.map((r, i) => ({ ...r, line: i + 1 }));
        const pdq = numbered.filter(({ type }) => type === "pdq");
        expect(entries).toEqual(pdq.map(({ line, signal }) => [line, signal, ""]));
        expect(problems.map(([line]) => line)).toEqual(
          numbered.filter(({ type }) => type !== "pdq").map(({ line }) => line),
        );
      }),
    );
  });

  test("the CSV, whatever its fields hold", async () => {
    const row = fc.record({ hash, collab: field, category: field, tags: field, always: fc.boolean(), end: lineBreak });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 8 }), async (rows) => {
        let text = "signal_type,signal_str,collab,category,tags\r\n";
        const wanted: Reading = { entries: [], problems: [] };
        for (const { hash, collab, category, tags, always, end } of rows) {
          const metadata = Object.entries({ collab, category, tags }).filter(([, value]) => value !== "");
          wanted.entries.push([lines(text) + 1, hash, metadata.map((pair) => pair.join("=")).join("; ")]);
          text += ["pdq", hash, collab, category, tags].map((value) => quoted(value, always)).join(",") + end;
        }
        expect(await read(text)).toEqual(wanted);
      }),
    );
  });
});

describe("any bytes", () => {
  const piece = fc.oneof(
    { weight: 3, arbitrary: hash },
    {
      weight: 2,
      arbitrary: fc.constantFrom("\n", "\r\n", ",", '"', '""', "pdq ", "\0", " ", "\ufeff", "signal_type,signal_str\n"),
    },
    { weight: 1, arbitrary: fc.constantFrom("0".repeat(64), "x".repeat(65_500), `pdq,${"a5".repeat(32)},"`) },
    { weight: 1, arbitrary: fc.string() },
  );
  const bytes = fc.oneof(
    fc.array(piece, { maxLength: 30 }).map((parts) => new TextEncoder().encode(parts.join(""))),
    fc.uint8Array({ maxLength: 2000 }),
  );

  test("any pieces give the same entries and problems, each line at most one of them", async () => {
    await fc.assert(
      fc.asyncProperty(bytes, fc.array(fc.nat(), { maxLength: 40 }), async (content, places) => {
        const whole = await readSource(content);
        expect(await readSource(cut(content, places))).toEqual(whole);
        const reported = [...whole.entries, ...whole.problems].map(([line]) => line);
        expect(new Set(reported).size).toBe(reported.length);
        expect(Math.max(0, ...reported)).toBeLessThanOrEqual(
          content.filter((byte) => byte === 10 || byte === 13).length + 1,
        );
      }),
    );
  });

  test("a byte at a time", async () => {
    await fc.assert(
      fc.asyncProperty(bytes, async (content) => {
        const short = content.subarray(0, 700);
        const places = Array.from(short, (_, i) => i);
        expect(await readSource(cut(short, places))).toEqual(await readSource(short));
      }),
      { numRuns: 40 },
    );
  });
});
