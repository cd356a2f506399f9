/** What is written and read again is the same, but for what was said to be left out. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvColumns, fixtures } from "../../fixtures/lists/make.ts";
import {
  convertList,
  type ListEntry,
  type Signal,
  type ListFormat,
  ListWriter,
  openList,
  type WrittenFormat,
} from "../../dist/doors/lists.js";
import { EmpreinteError } from "../../dist/index.js";
import { rounds } from "../support/long.ts";

const hex = (digits: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: digits / 2, maxLength: digits / 2 }).map((bytes) => Buffer.from(bytes).toString("hex"));
/** Text as somebody may write it: separators and quotes of all the formats among it. */
const text = fc
  .array(
    fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom(",", '"', " ", ":", ";", ";crop=a", "\n", "é", "写真")),
    {
      maxLength: 4,
    },
  )
  .map((parts) => parts.join("").replaceAll("\0", ""));
const word = text.map((some) => some.replaceAll(/[\u0000-\u001f]/g, "").trim()).filter((some) => some !== "");
const scheme = fc
  .oneof(fc.constantFrom("tag", "ncmec", "threatexchange", "stopncii", "vics-us", "vics"), word)
  .filter((one) => !one.includes(":"));
const label = fc.record(
  {
    scheme,
    version: fc.constantFrom("2", "2.0"),
    code: fc.oneof(word, fc.constantFrom("A1", "1", "POSITIVE_CLASS", "Blocked")),
  },
  { requiredKeys: ["scheme", "code"] },
);
const quality = fc.integer({ min: 0, max: 100 });
const signal: fc.Arbitrary<Signal> = fc.oneof(
  fc.record(
    {
      type: fc.constant("pdq" as const),
      value: hex(64),
      quality,
      crop: fc.oneof(fc.constantFrom("centre-10", "square", "no part's name"), text),
    },
    { requiredKeys: ["type", "value"] },
  ),
  fc.record({ type: fc.constant("md5" as const), value: hex(32) }),
  fc.record({ type: fc.constant("sha1" as const), value: hex(40) }),
  fc.record({ type: fc.constant("sha256" as const), value: hex(64) }),
);
const frames = fc
  .array(fc.record({ value: hex(64), quality, gap: fc.integer({ min: 1, max: 40 }), thousandths: fc.nat(999) }), {
    minLength: 1,
    maxLength: 6,
  })
  .map((rows) => {
    let frame = -1;
    return rows.map(({ value, quality, gap, thousandths }): Signal => {
      frame += gap;
      return { type: "vpdq", value, quality, frame, timestampSeconds: Number((frame + thousandths / 1000).toFixed(3)) };
    });
  });
const other = fc.record({ type: fc.constantFrom("PhotoDNA", "VideoTMK", "tmk_pdqf"), value: word });
const fields = fc.record(
  {
    collab: text,
    metadata: text,
    MediaSize: fc.nat(),
    Comments: word,
    IsSuspected: fc.boolean(),
    MimeType: fc.constantFrom("image/png", "video/mp4"),
    hashStatus: fc.constantFrom("Active", "Received", "Withdrawn"),
    file_type: word,
  },
  { requiredKeys: [] },
);
const entry: fc.Arbitrary<ListEntry> = fc.record(
  {
    id: fc.oneof(fc.nat().map(String), word),
    signals: fc.oneof(
      { weight: 4, arbitrary: fc.uniqueArray(signal, { minLength: 1, maxLength: 3, selector: ({ value }) => value }) },
      frames,
    ),
    others: fc.uniqueArray(other, { minLength: 1, maxLength: 2, selector: ({ type }) => type }),
    labels: fc.uniqueArray(label, { maxLength: 3, selector: ({ scheme, code }) => `${scheme}\n${code}` }),
    cases: fc.uniqueArray(word, { maxLength: 2 }),
    status: fc.constantFrom("active" as const, "active" as const, "withdrawn" as const),
    time: fc.integer({ min: 0, max: 4e12 }),
    media: fc.constantFrom("image" as const, "video" as const),
    fields,
  },
  { requiredKeys: ["signals", "labels", "cases", "status"] },
);

interface RoundTrip {
  leftOut: Record<string, number>;
  back: ListEntry[];
  problems: string[];
}

async function roundTrip(format: WrittenFormat, entries: readonly ListEntry[], nation?: string): Promise<RoundTrip> {
  const writer = new ListWriter(format, nation === undefined ? {} : { nation });
  const written = entries.map((one) => writer.entry(one)).join("") + writer.end();
  const problems: string[] = [];
  const list = await openList(Buffer.from(written), {
    format,
    others: "keep",
    onProblem: ({ reason, field = "" }) => problems.push(`${field}: ${reason}`),
  });
  const back: ListEntry[] = [];
  for await (const item of list) back.push(item);
  return { leftOut: writer.leftOut, back, problems };
}

const plainSignals = (one: ListEntry): string[] => one.signals.map(({ type, value }) => `${type} ${value}`);
const labelNames = (one: ListEntry): string[] => one.labels.map(({ scheme, code }) => `${scheme}:${code}`);
const labelsWhole = (one: ListEntry): string[] =>
  one.labels.map((label) => JSON.stringify([label.scheme, label.code, label.version]));

/** Each part of the entry is in what was read, or was said to be left out. */
function compare(given: ListEntry, back: readonly ListEntry[], leftOut: Record<string, number>): void {
  const said = (...names: string[]): boolean =>
    names.some((name) => Object.keys(leftOut).some((one) => one.startsWith(name)));
  const has = <T>(of: (one: ListEntry) => T[]): Set<T> => new Set(back.flatMap(of));
  if (back.length === 0) return expect(Object.keys(leftOut)).not.toHaveLength(0);
  for (const { type, value } of given.signals)
    if (!has(plainSignals).has(`${type} ${value}`)) expect(said(`signals.${type}`, "frames")).toBe(true);
  for (const { type, value } of given.others ?? []) {
    const there = back.some(({ others = [] }) => others.some((one) => one.type === type && one.value === value));
    if (!there) expect(said(`others.${type}`)).toBe(true);
  }
  if (back.length > 1) expect(said("that signals are of one entry")).toBe(true);
  const names = has(labelNames);
  for (const name of labelNames(given)) if (!names.has(name)) expect(said("labels")).toBe(true);
  const whole = has(labelsWhole);
  for (const one of labelsWhole(given)) if (!whole.has(one)) expect(said("labels")).toBe(true);
  for (const one of back) {
    expect(one.status).toBe(given.status);
    if (one.id !== given.id && given.id !== undefined) expect(said("id")).toBe(true);
    if (one.time !== given.time) expect(said("time")).toBe(true);
    if (one.media !== given.media && given.media !== undefined) expect(said("media")).toBe(true);
    if (JSON.stringify([...one.cases].sort()) !== JSON.stringify([...given.cases].sort()))
      expect(said("cases")).toBe(true);
    for (const [name, value] of Object.entries(given.fields ?? {}))
      if (JSON.stringify(one.fields?.[name]) !== JSON.stringify(value) && value !== "")
        expect(said(`fields.${name}`), `${name} ${JSON.stringify(value)} ${JSON.stringify(one.fields)}`).toBe(true);
    for (const { value, quality, crop, frame, timestampSeconds } of one.signals) {
      const before = given.signals.find((was) => was.value === value)!;
      // Nothing is made up: what comes back was given.
      expect(before).toBeDefined();
      if (quality !== before.quality) expect(said("quality")).toBe(true);
      if (crop !== before.crop) expect(said("crop")).toBe(true);
      if (frame !== before.frame) expect(said("frame")).toBe(true);
      expect(timestampSeconds).toBe(before.timestampSeconds);
    }
  }
}

const written: WrittenFormat[] = [
  "plain",
  "signal-csv",
  "stopncii",
  "vics-2.0",
  "vpdq-lines",
  "vpdq-json",
  "vpdq-json-object",
];

describe.each(written)("%s", (format) => {
  test("an entry that is written and read is itself, but for what was said", async () => {
    await fc.assert(
      fc.asyncProperty(entry, fc.constantFrom(undefined, "us"), async (given, nation) => {
        const { leftOut, back, problems } = await roundTrip(format, [given], nation);
        expect(problems).toEqual([]);
        compare(given, back, leftOut);
      }),
      { numRuns: rounds(80, 300) },
    );
  });

  test("what came from the format goes back into it whole", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 4 }), async (given) => {
        const first = (await roundTrip(format, given, "us")).back;
        const { back, leftOut, problems } = await roundTrip(format, first, "us");
        expect({ problems, leftOut }).toEqual({ problems: [], leftOut: {} });
        expect(back).toEqual(first);
      }),
      { numRuns: rounds(50, 150) },
    );
  });
});

describe("from one format into another, by way of its text", () => {
  test("what both can hold arrives", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...written),
        async (given, to) => {
          const source = new ListWriter("vics-2.0", { nation: "us" });
          const vics = given.map((one) => source.entry(one)).join("") + source.end();
          const read: ListEntry[] = [];
          for await (const item of await openList(Buffer.from(vics), { others: "keep" })) read.push(item);
          const conversion = await convertList(Buffer.from(vics), { to });
          let out = "";
          for await (const piece of conversion) out += piece;
          const back: ListEntry[] = [];
          for await (const item of await openList(Buffer.from(out), { format: to as ListFormat, others: "keep" }))
            back.push(item);
          const values = (entries: readonly ListEntry[]): Set<string> => new Set(entries.flatMap(plainSignals));
          for (const value of values(read))
            if (!values(back).has(value))
              expect(Object.keys(conversion.leftOut).join()).toContain(`signals.${value.split(" ")[0]}`);
          for (const value of values(back)) expect(values(read)).toContain(value);
        },
      ),
      { numRuns: rounds(50, 150) },
    );
  });
});

describe("a list that was damaged anywhere", () => {
  type Damage = { at: number; kind: "flip" | "cut" | "drop" | "insert" | "repeat"; byte: number };
  const damage: fc.Arbitrary<Damage> = fc.record({
    at: fc.nat(),
    kind: fc.constantFrom("flip", "cut", "drop", "insert", "repeat"),
    byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"<>{}[],:&;\\\n\0'))),
  });
  const apply = (bytes: Uint8Array, { at, kind, byte }: Damage): Uint8Array => {
    const place = at % bytes.length;
    const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
    if (kind === "cut") return before;
    if (kind === "drop") return Buffer.concat([before, after.subarray(1 + (byte % 40))]);
    if (kind === "insert") return Buffer.concat([before, Buffer.of(byte), after]);
    if (kind === "repeat") return Buffer.concat([before, after.subarray(0, byte), after]);
    const flipped = Buffer.from(bytes);
    flipped[place]! ^= byte || 1;
    return flipped;
  };

  test.each(Object.entries(fixtures))(
    "%s: entries and problems, or an error of ours, and no value of it",
    async (format, { good }) => {
      const columns = format === "csv" ? { columns: csvColumns } : {};
      await fc.assert(
        fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
          const bytes = damages.reduce<Uint8Array>(
            (was, one) => (was.length === 0 ? was : apply(was, one)),
            Buffer.from(good),
          );
          const reported: string[] = [];
          const options = {
            format: format as ListFormat,
            ...columns,
            onProblem: ({ reason }: { reason: string }) => reported.push(reason),
          };
          try {
            const list = await openList(bytes, options);
            let last = 0;
            for await (const entry of list) {
              expect(entry.position!.entry).toBeGreaterThanOrEqual(last);
              last = entry.position!.entry;
              for (const { type, value } of entry.signals)
                expect(value).toMatch(
                  { md5: /^[0-9a-f]{32}$/, sha1: /^[0-9a-f]{40}$/ }[type as "md5"] ?? /^[0-9a-f]{64}$/,
                );
              if (entry.time !== undefined) expect(Number.isSafeInteger(entry.time)).toBe(true);
            }
          } catch (error) {
            expect(error).toBeInstanceOf(EmpreinteError);
            reported.push((error as Error).message);
          }
          expect(reported.join("\n")).not.toMatch(/[0-9a-f]{9}/i);
        }),
        { numRuns: rounds(50, 150) },
      );
    },
  );
});

describe("any CSV", () => {
  const cell = (field: string, always: boolean): string =>
    always || /[";\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;

  test("rows of any fields, in pieces, each at its line", async () => {
    const row = fc.record({ md5: hex(32), id: word, note: text, always: fc.boolean() });
    const ends = fc.constantFrom("\n", "\r\n");
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 8 }),
        ends,
        fc.array(fc.nat(), { maxLength: 8 }),
        async (rows, end, cuts) => {
          let csv = `md5;id;note${end}`;
          const lines: number[] = [];
          for (const { md5, id, note, always } of rows) {
            lines.push(csv.split("\n").length);
            csv += [md5, id, note].map((one) => cell(one, always)).join(";") + end;
          }
          const bytes = Buffer.from(csv);
          async function* pieces(): AsyncGenerator<Uint8Array> {
            let from = 0;
            for (const to of cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b)) {
              yield bytes.subarray(from, to);
              from = to;
            }
            yield bytes.subarray(from);
          }
          const list = await openList(pieces(), { columns: { md5: "md5", id: "id", labels: { note: "note" } } });
          const got: [number | undefined, string | undefined, string | undefined][] = [];
          for await (const { id, position, signals } of list) got.push([position?.line, id, signals[0]?.value]);
          expect(got).toEqual(rows.map(({ id, md5 }, i) => [lines[i], id, md5]));
        },
      ),
      { numRuns: rounds(80, 300) },
    );
  });
});
