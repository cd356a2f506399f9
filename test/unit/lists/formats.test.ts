/** Each format by a list as its source writes it: its entries, its problems where it is broken, and its page. */
import { describe, expect, test } from "vitest";
import { csvColumns, fixtures, values } from "../../../fixtures/lists/make.ts";
import {
  type ListEntry,
  type ListFormat,
  type ListProblem,
  ListWriter,
  openList,
  sniffList,
  type WrittenFormat,
} from "../../../dist/doors/lists.js";
import { ListError } from "../../../dist/errors.js";
import { HashList } from "../../../dist/index.js";
import { hexHashes } from "../../support/lists.ts";

const { md5, pdq, sha1, sha256 } = values;

interface Read {
  items: ListEntry[];
  faults: ListProblem[];
  page: object;
  error: unknown;
}

async function read(text: string, format: string, options: object = {}): Promise<Read> {
  const faults: ListProblem[] = [];
  const columns = format === "csv" ? { columns: csvColumns } : {};
  const list = await openList(Buffer.from(text), {
    name: "list",
    onProblem: (fault) => faults.push(fault),
    ...columns,
    ...options,
  });
  expect(list.format).toBe(format);
  const items: ListEntry[] = [];
  let error: unknown;
  try {
    for await (const item of list) items.push(item);
  } catch (thrown) {
    error = thrown;
  }
  return { items, faults, page: list.page, error };
}

type Placed = { entry?: number | undefined; field?: string | undefined };

const short = (entry: ListEntry): string =>
  [
    entry.id ?? "-",
    ...entry.signals.map(({ type }) => type),
    ...entry.labels.map(({ scheme, code }) => `${scheme}:${code}`),
    ...(entry.status === "withdrawn" ? ["!"] : []),
  ].join(" ");

describe.each(Object.entries(fixtures))("%s", (format, { good, entries, broken, faults, given, end }) => {
  test("is recognized by its content", () => {
    if (format !== "csv") expect(sniffList(Buffer.from(good))).toBe(format);
  });

  test("a right list is read without a problem", async () => {
    const { items, faults: found, error } = await read(good, format);
    expect(error).toBeUndefined();
    expect(found).toEqual([]);
    expect(items.map(short)).toEqual(entries);
  });

  test("in pieces of one byte it is the same", async () => {
    const whole = await read(good, format);
    const bytes = Buffer.from(good);
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1);
    }
    const list = await openList(pieces(), format === "csv" ? { columns: csvColumns } : {});
    const items: ListEntry[] = [];
    for await (const item of list) items.push(item);
    expect(items).toEqual(whole.items);
    expect(list.page).toEqual(whole.page);
  });

  test("with the line ends of the old Mac OS it is the same, in whole and in pieces of one byte", async () => {
    const today = good.replaceAll("\r\n", "\n");
    const whole = await read(today, format);
    const old = today.replaceAll("\n", "\r");
    const bytes = Buffer.from(old);
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1);
    }
    if (format !== "csv") expect(sniffList(bytes)).toBe(format);
    for (const source of [bytes, pieces()]) {
      const list = await openList(source, format === "csv" ? { columns: csvColumns } : {});
      const items: ListEntry[] = [];
      for await (const item of list) items.push(item);
      expect(items).toEqual(whole.items);
    }
    expect(bytes.toString()).toBe(old); // the caller's memory is not changed
  });

  test("of a broken list each problem is named with its place, and the rest goes on", async () => {
    const { items, faults: found, error } = await read(broken, format);
    const order = (a: Placed, b: Placed): number =>
      (a.entry ?? 0) - (b.entry ?? 0) || (a.field ?? "").localeCompare(b.field ?? "");
    const reported = found.map(({ entry, line, field, skipped, code }) => ({ entry, line, field, skipped, code }));
    const due = faults.map(({ entry, line, field, skipped, code }) => ({ entry, line, field, skipped, code }));
    expect(reported.sort(order)).toEqual(due.sort(order));
    const sorted = [...found].sort(order);
    for (const [i, { reason }] of [...faults].sort(order).entries()) expect(sorted[i]!.reason).toMatch(reason);
    expect(items).toHaveLength(given);
    if (end === undefined) expect(error).toBeUndefined();
    else {
      expect(error).toBeInstanceOf(ListError);
      expect((error as Error).message).toMatch(end);
    }
  });

  test("problems never show a value of the list", async () => {
    const { faults: found, error } = await read(broken, format);
    const text = [...found.map(({ reason }) => reason), (error as Error | undefined)?.message ?? ""].join("\n");
    expect(text).not.toMatch(/[0-9a-f]{9}/i);
  });
});

describe("what entries hold", () => {
  const all = async (format: keyof typeof fixtures, options = {}): Promise<ListEntry[]> =>
    (await read(fixtures[format]!.good, format, options)).items.map((item) => {
      const entry = { ...item };
      delete entry.position;
      return entry;
    });

  test("NCMEC: lower-case hex, member with id, zoneless times as UTC, no retrieval address", async () => {
    const [first, second] = await all("ncmec", { others: "keep" });
    expect(first).toEqual({
      id: "42/i1",
      signals: [
        { type: "md5", value: md5(1) },
        { type: "sha1", value: sha1(1) },
        { type: "pdq", value: pdq(1) },
      ],
      others: [
        { type: "pdna", value: "AAAA" },
        { type: "videntifier", value: "" },
      ],
      labels: [
        { scheme: "ncmec", version: "2", code: "A1" },
        { scheme: "ncmec-categorization", code: "g-1" },
      ],
      cases: [],
      status: "active",
      time: Date.UTC(2026, 2, 1, 9),
      media: "image",
      fields: {
        member: "Example & Co",
        feedback: [{ kind: "affirmative", type: "Md5", time: "2026-03-01T09:00:00Z" }],
      },
    });
    expect(second!.time).toBe(Date.UTC(2026, 2, 1, 9, 0, 1));
  });

  test("StopNCII: only cases that are not taken back; a record all of whose cases are gone is withdrawn", async () => {
    const [first, , , late] = await all("stopncii");
    expect(first).toMatchObject({ cases: ["c-1"], status: "active", time: 1_770_000_000_000, media: "image" });
    expect(late).toMatchObject({ cases: [], status: "withdrawn", signals: [{ type: "pdq", value: pdq(3) }] });
  });

  test("VICS 1.3: strings for booleans and numbers, BOM, upper-case hex, alternative hashes", async () => {
    const [first] = await all("vics-1.3", { others: "keep" });
    expect(first).toEqual({
      id: "1",
      signals: [
        { type: "md5", value: md5(1) },
        { type: "sha1", value: sha1(1) },
        { type: "pdq", value: pdq(1) },
        { type: "sha256", value: sha256(1) },
      ],
      others: [{ type: "PhotoDNA", value: "QUJD" }],
      labels: [
        { scheme: "vics", version: "1.3", code: "1" },
        { scheme: "tag", code: "a" },
        { scheme: "iwf", code: "B" },
      ],
      cases: [],
      status: "active",
      time: Date.UTC(2026, 2, 1, 9),
      fields: {
        IsPrecategorized: true,
        VictimIdentified: false,
        MediaSize: 12345,
        Series: "s",
        MediaFiles: [{ FileName: "a.jpg", FilePath: "x\\y", MD5: md5(1) }],
      },
    });
  });

  test("VICS: the nation that the caller names where the list has none", async () => {
    const [first] = await all("vics-1.3", { nation: "CA" });
    expect(first!.labels[0]).toEqual({ scheme: "vics-ca", version: "1.3", code: "1" });
    expect((await all("vics-2.0")).map(({ cases }) => cases)).toEqual([["2026-4"], ["2026-4"], ["id-2"]]);
  });

  test("vPDQ: frames with their numbers and times, exponents too", async () => {
    const [video] = await all("vpdq-lines");
    expect(video!.signals).toEqual([
      { type: "vpdq", value: pdq(1), quality: 100, frame: 0, timestampSeconds: 0 },
      { type: "vpdq", value: pdq(2), quality: 87, frame: 30, timestampSeconds: 990 },
    ]);
  });

  test("a CSV by its columns: quality, times of two kinds", async () => {
    const [first, second] = await all("csv");
    expect(first).toMatchObject({ signals: [{ value: pdq(1), quality: 80 }, { value: md5(1) }] });
    expect([first!.time, second!.time]).toEqual([Date.UTC(2026, 2, 1, 9), 1_770_000_000_000]);
  });
});

describe("whose word counts", () => {
  const threats = async (descriptors: object[]): Promise<string> => {
    const update = { id: "1", type: "HASH_PDQ", indicator: pdq(1), descriptors: { data: descriptors } };
    const { items, faults } = await read(JSON.stringify({ data: [update] }), "threatexchange");
    expect(faults).toEqual([]);
    return items[0]!.labels[0]!.code;
  };
  const by = (owner: string, status: string, ...reactions: [key: string, value: string][]): object => ({
    owner: { id: owner },
    status,
    reactions: reactions.map(([key, value]) => ({ key, value })),
  });

  test("ThreatExchange: an owner's descriptor counts more than the same owner's reaction, in any order", async () => {
    const reacted = by("7", "MALICIOUS", ["DISAGREE_WITH_TAGS", "8"]);
    const own = by("8", "MALICIOUS");
    expect(await threats([reacted])).toBe("DISPUTED");
    expect(await threats([reacted, own])).toBe("POSITIVE_CLASS");
    expect(await threats([own, reacted])).toBe("POSITIVE_CLASS");
    // The owner of a descriptor may react to it as well.
    expect(await threats([by("7", "NON_MALICIOUS", ["HELPFUL", "7"])])).toBe("NEGATIVE_CLASS");
  });

  test("ThreatExchange: of an owner's reactions agreement counts, and other reactions are no opinion", async () => {
    expect(await threats([by("7", "UNKNOWN", ["HELPFUL", "8"])])).toBe("POSITIVE_CLASS");
    expect(await threats([by("7", "UNKNOWN", ["DISAGREE_WITH_TAGS", "8"])])).toBe("NEGATIVE_CLASS");
    for (const order of [0, 1]) {
      const reactions: [string, string][] = [
        ["HELPFUL", "8"],
        ["DISAGREE_WITH_TAGS", "8"],
      ];
      expect(await threats([by("7", "UNKNOWN", reactions[order]!, reactions[1 - order]!)])).toBe("POSITIVE_CLASS");
    }
    expect(await threats([by("7", "UNKNOWN", ["SAW_THIS_TOO", "8"])])).toBe("INVESTIGATION_SEED");
    expect(await threats([by("7", "UNKNOWN", ["HELPFUL", "8,9"], ["DISAGREE_WITH_TAGS", "9,10"])])).toBe("DISPUTED");
  });

  test.each([
    ["all cases withdrawn", "Active", { a: "Withdrawn", b: "Deleted" }, "withdrawn", []],
    ["one case left", "Active", { a: "Withdrawn", b: "Active" }, "active", ["b"]],
    ["no case", "Active", {}, "active", []],
    ["its own status withdrawn", "Withdrawn", { a: "Active" }, "withdrawn", ["a"]],
    ["its own status deleted", "Deleted", {}, "withdrawn", []],
    ["a case of unknown status", "Received", { a: "Unknown" }, "active", ["a"]],
  ])("StopNCII: a record with %s", async (_, hashStatus, caseNumbers, status, cases) => {
    const record = { signalType: "ImagePDQ", hashValue: pdq(1), hashStatus, caseNumbers };
    const { items } = await read(JSON.stringify({ hashRecords: [record] }), "stopncii");
    expect(items.map((item) => [item.status, item.cases])).toEqual([[status, cases]]);
  });

  test("Tech Against Terrorism: the time of creation counts where no update is stated", async () => {
    const about = { algorithm: "MD5", hash_digest: md5(1), created_on: "2026-03-01T09:00:00" };
    const results = [
      { id: 1, ...about, updated_on: "2026-03-02T09:00:00" },
      { id: 2, ...about },
    ];
    const { items, faults } = await read(JSON.stringify({ results }), "tech-against-terrorism");
    expect(faults).toEqual([]);
    expect(items.map(({ time }) => time)).toEqual([Date.UTC(2026, 2, 2, 9), Date.UTC(2026, 2, 1, 9)]);
  });

  test("StopNCII: labels of up to 128 and cases of up to 1,024 characters are taken, longer ones are left out", async () => {
    const word = (length: number): string => "x".repeat(length);
    for (const [label, name, faults] of [
      [128, 1024, []],
      [129, 1024, ["labels"]],
      [128, 1025, ["cases"]],
    ] as const) {
      const record = {
        signalType: "ImagePDQ",
        hashValue: pdq(1),
        caseNumbers: { [word(name)]: "Active", c: "Active" },
        CSPFeedbacks: [{ feedbackValue: "Blocked", tags: [word(label)] }, { feedbackValue: "None" }],
      };
      const { items, faults: found } = await read(JSON.stringify({ hashRecords: [record] }), "stopncii");
      expect(found.map(({ field, skipped }) => [field, skipped])).toEqual(faults.map((field) => [field, false]));
      expect(items[0]!.labels).toHaveLength(label === 128 ? 2 : 1);
      expect(items[0]!.cases).toHaveLength(name === 1024 ? 2 : 1);
    }
  });

  test("a tag is a word, or a scheme and a code, of which neither is empty", async () => {
    const tags = ["word", "scheme:code", "scheme:a:b", ":code", "scheme:"];
    const record = { signalType: "ImagePDQ", hashValue: pdq(1), CSPFeedbacks: [{ feedbackValue: "None", tags }] };
    const { items, faults } = await read(JSON.stringify({ hashRecords: [record] }), "stopncii");
    expect(faults).toEqual([]);
    expect(items[0]!.labels).toEqual([
      { scheme: "tag", code: "word" },
      { scheme: "scheme", code: "code" },
      { scheme: "scheme", code: "a:b" },
      { scheme: "tag", code: ":code" },
      { scheme: "tag", code: "scheme:" },
    ]);
  });

  test("JSON may have 64 levels of nesting, and not 65", async () => {
    const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
    // The record itself is at the third level.
    const list = (levels: number): string =>
      `{"hashRecords":[{"signalType":"ImagePDQ","hashValue":"${pdq(1)}","more":${nested(levels - 3)}}]}`;
    expect((await read(list(64), "stopncii")).error).toBeUndefined();
    expect((await read(list(65), "stopncii")).error).toMatchObject({
      message: expect.stringContaining("more than 64 levels of nesting") as string,
    });
  });

  test("StopNCII: a time may be in milliseconds", async () => {
    for (const lastModtimestamp of [1_770_000_000, 1_770_000_000_000, "1770000000", "1770000000000"]) {
      const record = { signalType: "ImagePDQ", hashValue: pdq(1), lastModtimestamp };
      const { items, faults } = await read(JSON.stringify({ hashRecords: [record] }), "stopncii");
      expect(faults).toEqual([]);
      expect(items[0]!.time).toBe(1_770_000_000_000);
    }
  });
});

describe("what is written", () => {
  const write = async (to: WrittenFormat, entry: Omit<ListEntry, "cases" | "status">, nation?: string) => {
    const list = new ListWriter(to, nation === undefined ? {} : { nation });
    const text = list.entry({ cases: [], status: "active", ...entry }) + list.end();
    return { text, leftOut: list.leftOut };
  };
  const signals = [{ type: "md5" as const, value: md5(1) }];
  const categories = async (labels: ListEntry["labels"], nation?: string) => {
    const { text, leftOut } = await write("vics-2.0", { signals, labels }, nation);
    const [{ Category, Tags }] = (JSON.parse(text) as { value: [{ Category?: number; Tags?: string }] }).value;
    return { Category, Tags, leftOut };
  };

  test("StopNCII: a status that the format does not have is not written, and one that fits is kept", async () => {
    const statusOf = async (hashStatus: string): Promise<[string, string[]]> => {
      const entry = { signals: [{ type: "pdq" as const, value: pdq(1) }], labels: [], fields: { hashStatus } };
      const { text, leftOut } = await write("stopncii", entry);
      const [{ hashStatus: written }] = (JSON.parse(text) as { hashRecords: [{ hashStatus: string }] }).hashRecords;
      return [written, Object.keys(leftOut)];
    };
    expect(await statusOf("Active")).toEqual(["Active", []]);
    expect(await statusOf("Mislaid")).toEqual(["Active", ["fields.hashStatus"]]);
    expect(await statusOf("Withdrawn")).toEqual(["Active", ["fields.hashStatus"]]);
  });

  test("StopNCII: the list has the newest time of all entries, in seconds, and says what is lost of one", () => {
    const list = new ListWriter("stopncii");
    const entry = (time: number): string =>
      list.entry({ cases: [], status: "active", labels: [], signals: [{ type: "pdq", value: pdq(1) }], time });
    const text = [5_000, 9_000, 7_000].map(entry).join("") + list.end();
    expect(JSON.parse(text)).toMatchObject({ count: 3, nextSetTimestamp: 9 });
    expect(list.leftOut).toEqual({});
    entry(7_001);
    expect(list.leftOut).toEqual({ "time below a second": 1 });
  });

  test("a VICS category is written as a category of its own nation alone", async () => {
    const uk = { scheme: "vics-uk", version: "2.0", code: "3" };
    const us = { scheme: "vics-us", version: "2.0", code: "1" };
    const none = { scheme: "vics", version: "2.0", code: "7" };
    expect(await categories([uk, us, none], "us")).toMatchObject({ Category: 1 });
    expect(await categories([us, uk, none], "uk")).toMatchObject({ Category: 3 });
    expect(await categories([us, uk, none])).toMatchObject({ Category: 7 });
    // Another nation's category becomes a tag, which keeps its scheme.
    const only = await categories([uk], "us");
    expect(only.Category).toBeUndefined();
    expect(only.Tags).toBe("vics-uk:3");
    expect(await categories([us])).toMatchObject({ Category: undefined, Tags: "vics-us:1" });
    expect(await categories([{ ...us, scheme: "vics-usa" }], "us")).toMatchObject({ Category: undefined });
  });

  test("only a whole number is a VICS category", async () => {
    const code = (text: string) => categories([{ scheme: "vics", version: "2.0", code: text }]);
    expect(await code("0")).toMatchObject({ Category: 0, leftOut: {} });
    expect(await code("-1")).toMatchObject({ Category: -1 });
    for (const text of ["01", "1.5", "A", "1234567890"]) {
      expect(await code(text)).toMatchObject({ Category: undefined, Tags: `vics:${text}` });
    }
    expect((await categories([{ scheme: "vics", code: "1" }])).leftOut).toEqual({ "labels.version": 1 });
  });
});

describe("what pages say", () => {
  const page = async (format: keyof typeof fixtures): Promise<object> =>
    (await read(fixtures[format]!.good, format)).page;

  test("of the next one, and where to go on", async () => {
    expect(await page("ncmec")).toEqual({
      next: "/v2/entries?from=a&start=2001&size=1000",
      more: true,
      importCursor: "2026-03-01T11:00:00.000Z",
      lastTime: Date.UTC(2026, 2, 1, 11),
    });
    expect(await page("stopncii")).toMatchObject({ next: "tok", more: true, importCursor: "1770000009" });
    // The link has an access token in it: the cursor alone is given.
    expect(await page("threatexchange")).toMatchObject({ next: "after", more: true, importCursor: "1770000005" });
    expect(await page("tech-against-terrorism")).toMatchObject({ more: true, importCursor: "2026-03-01 09:00:00,3" });
  });

  test("NCMEC: the newest time of all groups is the import cursor, in whatever order they come", async () => {
    const times = ["2026-03-01T10:00:00Z", "2026-03-03T10:00:00Z", "2026-03-02T10:00:00Z"];
    const group = (time: string): string => `<images count="0" maxTimestamp="${time}"></images>`;
    for (const order of [times, times.toReversed(), [times[1]!, times[0]!, times[2]!]]) {
      const xml = `<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2">${order.map(group).join("")}</queryResult>`;
      expect((await read(xml, "ncmec")).page).toEqual({
        more: false,
        importCursor: "2026-03-03T10:00:00.000Z",
        lastTime: Date.UTC(2026, 2, 3, 10),
      });
    }
  });

  test("the newest time of all entries, in whatever order they come", async () => {
    const times = [1_770_000_005, 1_770_000_009, 1_770_000_007];
    const hashRecords = times.map((lastModtimestamp) => ({
      signalType: "ImagePDQ",
      hashValue: pdq(1),
      lastModtimestamp,
    }));
    for (const records of [hashRecords, hashRecords.toReversed()]) {
      const { page: about } = await read(JSON.stringify({ hashRecords: records }), "stopncii");
      expect(about).toEqual({ lastTime: 1_770_000_009_000 });
    }
  });

  test("a count that differs from the page is reported", async () => {
    const text = fixtures["stopncii"]!.good.replace('"count":4', '"count":5');
    expect((await read(text, "stopncii")).faults).toEqual([
      {
        list: "list",
        field: "count",
        skipped: false,
        code: "wrong-count",
        reason: "it states 5 records and has 4",
      },
    ]);
  });

  test("NCMEC: a group that states fewer or more entries than it has is reported", async () => {
    const item = (id: number): string =>
      `<image><member id="1">A</member><id>${id}</id><fingerprints><md5>${md5(id)}</md5></fingerprints></image>`;
    const reasons = async (count: number): Promise<string[]> => {
      const group = `<images count="${count}" maxTimestamp="2026-03-01T10:00:00Z">${item(1)}${item(2)}</images>`;
      const xml = `<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2">${group}</queryResult>`;
      return (await read(xml, "ncmec")).faults.map(({ code, reason }) => `${code}: ${reason}`);
    };
    expect(await reasons(2)).toEqual([]);
    expect(await reasons(1)).toEqual(["wrong-count: images states 1 entries and has 2"]);
    expect(await reasons(3)).toEqual(["wrong-count: images states 3 entries and has 2"]);
  });

  test("NCMEC: a deleted entry has no signals, even where its record has fingerprints", async () => {
    const item = (name: string): string =>
      `<${name}><member id="1">A</member><id>${name}</id><fingerprints><md5>${md5(1)}</md5></fingerprints></${name}>`;
    const group = `<images count="2" maxTimestamp="2026-03-01T10:00:00Z">${item("image")}${item("deletedImage")}</images>`;
    const xml = `<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2">${group}</queryResult>`;
    expect((await read(xml, "ncmec")).items.map(short)).toEqual(["1/image md5", "1/deletedImage !"]);
  });
});

describe("options", () => {
  const open = (options: object): Promise<unknown> => openList(Buffer.from("x"), options as never);

  test.each([
    [{ format: "xml" }, /Expected one of .*plain, .* for format/],
    [{ columns: {} }, /Expected a column for pdq, md5, sha1 or sha256/],
    [{ columns: { md5: 0 } }, /Expected integer between 1 and 65536 for md5/],
    [{ columns: { md5: "x", header: false } }, /numbers of columns/],
    [{ format: "ncmec", columns: { md5: 1 } }, /"csv" beside columns/],
    [{ format: "csv" }, /map of columns/],
    [{ nation: "u s" }, /letters/],
    [{ maxEntryBytes: 1 }, /maxEntryBytes/],
    [{ others: "drop" }, /report, keep/],
    [{ colums: {} }, /Unknown option colums/],
  ])("%j", async (options, message) => {
    await expect(open(options)).rejects.toThrow(message);
  });

  test("the error for a list of unknown format says what to do", async () => {
    await expect(open({})).rejects.toMatchObject({ code: "ERR_EMPREINTE_LIST" });
    await expect(openList(Buffer.from("a;b\n1;2\n"))).rejects.toThrow(/a CSV needs the option columns/);
    await expect(openList(Buffer.from(""))).rejects.toThrow(/it is empty/);
    await expect(openList(Buffer.from("\uFEFFab", "utf16le"))).rejects.toThrow(/UTF-16/);
  });

  test.each([
    ["threatexchange", "data"],
    ["tech-against-terrorism", "results"],
  ] as const)("a list of %s without its %s is none, and an empty one is", async (format, name) => {
    const count = async (text: string): Promise<number> => {
      const list = await openList(Buffer.from(text), { format, name: "page" });
      let entries = 0;
      for await (const _ of list) entries++;
      return entries;
    };
    const inside = JSON.stringify({ error: { [name]: [] }, [`${name}s`]: [], text: name });
    for (const text of ["{}", inside, JSON.stringify({ [name]: null })])
      await expect(count(text)).rejects.toThrow(
        `The list page cannot be read beyond the list: it has no list "${name}"`,
      );
    expect(await count(JSON.stringify({ text: "", [name]: [] }))).toBe(0);
  });

  test("a forced format", async () => {
    const list = await openList(Buffer.from(`1,100,${pdq(1)},0.0\n`), { format: "plain" as ListFormat });
    let entries = 0;
    for await (const _ of list) entries++;
    expect([entries, list.problems]).toEqual([0, 1]);
  });
});

describe("beginnings", () => {
  const [hash] = hexHashes(1, 71) as [string];

  test.each(["url https://a.example/", "raw_text some words ", "md5 d41d8cd98f00b204e9800998ecf8427e ", "other x"])(
    "python-threatexchange's lines are recognized after a hundred of `%s`",
    async (line) => {
      const text = `${Array.from({ length: 100 }, (_, i) => `${line}${i}\n`).join("")}pdq ${hash}\n`;
      expect(sniffList(Buffer.from(text))).toBe("signals");
      const { items } = await read(text, "signals");
      expect(items.at(-1)!.signals).toMatchObject([{ type: "pdq", value: hash }]);
      const list = await HashList.load(Buffer.from(text));
      expect(await list.search({ hash, quality: 100 })).toMatchObject([{ distance: 0, line: 101 }]);
    },
  );

  test.each([
    ["text", `${hash}  100  a.jpg\n`],
    ["text with an escaped name", `\\${hash}  100  a\\nb.jpg\n`],
    ["JSON", `${JSON.stringify({ path: "a.jpg", kind: "image", hash, quality: 100 })}\n`],
  ])("the output of the command hash as %s is named, with the command that makes a list", async (_, text) => {
    const named = { code: "ERR_EMPREINTE_LIST", message: expect.stringContaining("list create") as string };
    await expect(openList(Buffer.from(text))).rejects.toMatchObject(named);
    await expect(HashList.load(Buffer.from(text))).rejects.toMatchObject(named);
  });
});
