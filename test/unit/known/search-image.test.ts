/** Lists with the hashes of crops, and with digests: what a search for a hash and for an image answers. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { native } from "../../../dist/native/load.js";
import { cropListLines, ListWriter } from "../../../dist/doors/lists.js";
import { hashDistance, HashIndex, HashList, hashPixelsSync, hashWithCrops } from "../../../dist/index.js";
import { crop, mirrored, scene } from "../../support/image/altered.ts";
import { hexHashes } from "../../support/lists.ts";

const here = mkdtempSync(join(tmpdir(), "empreinte-list-image-"));
afterAll(() => rmSync(here, { recursive: true, force: true }));

const originals = [scene(5, 400, 300), scene(6, 420, 300)] as const;
const registered = await Promise.all(originals.map((image) => hashWithCrops(image)));
const linesOf = (i: number, metadata: string) => cropListLines(registered[i]!, metadata, { crops: true });
const listText = (lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(""));
const cut = originals.map((image) => crop(image, 0.2, 0.2, 0.2, 0.2));
const [other] = hexHashes(1, 91) as [string];

describe("an original with its crops in a list", () => {
  const lines = [`${other},other`, ...linesOf(0, "case 7"), "", ...linesOf(1, "")];
  const lists = [{ name: "mine", input: listText(lines) }];
  const firstLines = [2, 2 + linesOf(0, "case 7").length + 1];

  /** Each original once, by the nearest of all its hashes, from a plain comparison. */
  const expected = (hash: string, radius: number) =>
    registered
      .map((one, i) => {
        const all = [one, ...one.crops].map((known, k) => ({
          distance: hashDistance(known.hash, hash),
          crop: k === 0 ? undefined : one.crops[k - 1]!.name,
        }));
        const nearest = all.reduce((a, b) => (b.distance < a.distance ? b : a));
        return { ...nearest, line: firstLines[i]!, metadata: i === 0 ? "case 7" : "" };
      })
      .filter(({ distance }) => distance <= radius)
      .toSorted((a, b) => a.distance - b.distance || a.line - b.line);

  const check = async (known: HashList): Promise<void> => {
    for (const image of [...originals, ...cut]) {
      const { hash } = hashPixelsSync(image);
      for (const radius of [31, 90, 100]) {
        const wanted = expected(hash, radius);
        const matches = known.searchSync(hash, { radius }).filter(({ metadata }) => metadata !== "other");
        expect(
          matches.map(({ distance, crop: name, line, metadata }) => ({ distance, crop: name, line, metadata })),
        ).toEqual(wanted);
        expect((await known.search(hash, { radius })).filter(({ metadata }) => metadata !== "other")).toEqual(matches);
      }
    }
    const [first] = known.searchSync(hashPixelsSync(originals[0]).hash);
    expect(first).toEqual({ distance: 0, orientation: "orig", list: "mine", line: 2, metadata: "case 7", type: "pdq" });
    for (const level of ["fast", "standard", "thorough"] as const) {
      for (const [i, image] of [...originals, ...cut, ...originals.map(mirrored)].entries()) {
        using index = new HashIndex();
        registered.forEach((one, k) => index.addWithCrops(k, one));
        const wanted = (await index.searchImage(image, { level, all: true })).matches;
        const { matches } = await known.searchImage(image, { level, all: true });
        expect(matches).toEqual(
          wanted.map(({ id, crop: number, ...match }) => ({
            ...match,
            list: "mine",
            line: firstLines[id]!,
            metadata: id === 0 ? "case 7" : "",
            type: "pdq",
            ...(number !== undefined && { crop: registered[id]!.crops[number]!.name }),
          })),
        );
        expect(matches.map(({ line }) => line)).toContain(firstLines[i % 2]!);
      }
    }
  };

  test("is one match, by its nearest hash, with the line and the metadata of the original", async () => {
    using known = await HashList.load(lists);
    await check(known);
  });

  test("is one match in an opened file that was saved, and in one that was built", async () => {
    using known = await HashList.load(lists);
    await known.save(join(here, "saved.idx"));
    using saved = await HashList.open(join(here, "saved.idx"));
    await check(saved);
    using built = await HashList.build(lists, join(here, "built.idx"));
    await check(built);
  });

  test("a crop line without its image's line before it is an entry of its own", async () => {
    const [image, ...crops] = linesOf(0, "case 7") as [string, ...string[]];
    const { hash } = hashPixelsSync(originals[0]);
    const found = async (...sources: string[][]) => {
      using known = await HashList.load(sources.map((some, i) => ({ name: `l${i}`, input: listText(some) })));
      const matches = known.searchSync(registered[0]!.crops[0]!.hash, { radius: 0 });
      return matches.map(({ list, line, metadata, crop: name }) => [list, line, metadata, name]);
    };
    const { name } = registered[0]!.crops[0]!;
    const own = `case 7;crop=${name}`;
    expect(await found([image, crops[0]!])).toEqual([["l0", 1, "case 7", name]]);
    expect(await found([crops[0]!])).toEqual([["l0", 1, own, undefined]]);
    // Of another image, whose metadata is another; after a line that was refused; at the start of the next list.
    expect(await found([`${other},case 8`, crops[0]!])).toEqual([["l0", 2, own, undefined]]);
    expect(await found([`${other},case 7`, "zz", crops[0]!])).toEqual([["l0", 3, own, undefined]]);
    expect(await found([image], [crops[0]!])).toEqual([["l1", 1, own, undefined]]);
    expect(await found([`${hash},x;crop=UPPER CASE`, crops[0]!])).toEqual([["l0", 2, own, undefined]]);
  });

  test("all hashes of one line are one entry", async () => {
    const values = hexHashes(6, 92);
    const writer = new ListWriter("vics-2.0");
    const entryOf = (id: string, some: string[]) => {
      const signals = some.map((value) => ({ type: "pdq" as const, value }));
      return { id, signals, labels: [], cases: [], status: "active" as const, media: "image" as const };
    };
    const text = [
      writer.entry(entryOf("17", values.slice(0, 3))),
      writer.entry(entryOf("18", values.slice(3))),
      writer.end(),
    ].join("");
    using known = await HashList.load({ name: "vics", input: Buffer.from(text) });
    expect(known.size).toBe(6);
    const matches = known.searchSync(other, { radius: 256 });
    const nearest = (some: string[]) => Math.min(...some.map((value) => hashDistance(value, other)));
    const expected = [
      [1, "id=17", nearest(values.slice(0, 3))],
      [2, "id=18", nearest(values.slice(3))],
    ].toSorted((a, b) => Number(a[2]) - Number(b[2]));
    expect(matches.map(({ line, metadata, distance }) => [line, metadata, distance])).toEqual(expected);
    expect(await known.search(other, { radius: 256 })).toEqual(matches);
  });
});

describe("several lists", () => {
  test("are searched for one image, which is hashed once, and answer as each by itself", async () => {
    const digest = createHash("md5").update("bytes").digest("hex");
    using first = await HashList.load({ name: "first", input: listText(linesOf(0, "case 7")) });
    using second = await HashList.load({ name: "second", input: listText(linesOf(1, "case 8")) });
    using third = await HashList.load(
      { name: "third", input: listText([`pdq ${hashPixelsSync(originals[0]).hash}`, `md5 ${digest}`]) },
      { digests: true },
    );
    const lists = [first, second, third];
    for (const level of ["fast", "standard", "thorough"] as const) {
      for (const image of [...originals, ...cut, mirrored(originals[1]), scene(77)]) {
        const alone = await Promise.all(lists.map((list) => list.searchImage(image, { level })));
        const hashes = vi.spyOn(native, "hash");
        const copies = vi.spyOn(native, "createViews");
        const together = await HashList.searchImageIn(lists, image, { level });
        expect(hashes).toHaveBeenCalledTimes(1);
        expect(copies.mock.calls.length).toBeLessThanOrEqual(1);
        vi.restoreAllMocks();
        const untimed = (results: typeof alone) =>
          results.map(({ stages, ...result }) => ({
            ...result,
            stages: stages.map(({ name, hashes: count }) => [name, count]),
          }));
        expect(untimed(together)).toEqual(untimed(alone));
      }
    }
    expect(await HashList.searchImageIn([], originals[0])).toEqual([]);
  });

  test("answer for a file that the decoder refuses where one of them has its digest", async () => {
    const bytes = Buffer.from("GIF89a, or so it says");
    const digest = createHash("sha1").update(bytes).digest("hex");
    using without = await HashList.load({ name: "without", input: listText([other]) });
    using knows = await HashList.load({ name: "knows", input: listText([`sha1 ${digest}`]) }, { digests: true });
    const [none, one] = await HashList.searchImageIn([without, knows], bytes);
    expect(none).toEqual({ tier: "none", matches: [], quality: 0, flat: false, stages: [] });
    expect(one).toMatchObject({ tier: "match", matches: [{ list: "knows", type: "sha1" }] });
    await expect(HashList.searchImageIn([without], bytes)).rejects.toMatchObject({ name: "ImageError" });
  });

  test("are refused where one is closed or is no list", async () => {
    const closed = await HashList.load(listText([other]));
    using open = await HashList.load(listText([other]));
    closed.close();
    const code = "ERR_EMPREINTE_CLOSED";
    await expect(HashList.searchImageIn([open, closed], originals[0])).rejects.toMatchObject({ code });
    for (const lists of [open, [open, undefined], null]) {
      await expect(HashList.searchImageIn(lists as never, originals[0])).rejects.toThrow("for lists");
    }
  });
});

describe("digests", () => {
  const digest = (type: string, bytes: Uint8Array) => createHash(type).update(bytes).digest("hex");
  const refused = Buffer.from("GIF89a, or so it says");
  const input = listText([`pdq ${other}`, `md5 ${digest("md5", refused)}`, `sha256 ${digest("sha256", refused)}`]);

  test("of a file that the decoder refuses are its match; without one its refusal is thrown", async () => {
    using known = await HashList.load({ name: "digests", input }, { digests: true });
    for (const level of ["fast", "standard", "thorough"] as const) {
      const result = await known.searchImage(refused, { level });
      expect(result).toEqual({
        tier: "match",
        matches: ["md5", "sha256"].map((type) => expect.objectContaining({ type, distance: 0, tier: "match" })),
        quality: 0,
        flat: false,
        stages: [],
      });
    }
    await expect(known.searchImage(Buffer.from("GIF89a, and other bytes"))).rejects.toMatchObject({
      name: "ImageError",
    });
    using without = await HashList.load({ name: "digests", input });
    await expect(without.searchImage(refused)).rejects.toMatchObject({ name: "ImageError" });
  });

  test("of a file over the limit of pixels are its match, too", async () => {
    const sharp = (await import("sharp")).default;
    const bytes = await sharp(Buffer.alloc(3 * 64 * 64, 90), { raw: { width: 64, height: 64, channels: 3 } })
      .png()
      .toBuffer();
    const list = listText([`pdq ${other}`, `sha1 ${digest("sha1", bytes)}`]);
    using known = await HashList.load({ name: "digests", input: list }, { digests: true });
    expect((await known.searchImage(bytes, { maxPixels: 100 })).matches).toMatchObject([{ type: "sha1" }]);
    await expect(known.searchImage(bytes, { maxBytes: 10 })).rejects.toMatchObject({ name: "LimitError" });
  });
});
