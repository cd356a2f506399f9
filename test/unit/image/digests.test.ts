/** Digests: the same bytes are found, whatever they are, beside what only looks alike. */
import { createHash } from "node:crypto";
import { createReadStream, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { fixtures, values } from "../../../fixtures/lists/make.ts";
import { digestFile, hashImage, hashImages, HashList } from "../../../dist/index.js";
import { empreinteProcess, folder, jsonLines, known, makeImage } from "../../support/cli.ts";

const { md5, pdq, sha1 } = values;
const here = folder();
const scene = known("scenergb-128x128");
const path = await makeImage(scene.id, join(here, "photos/scene.png"));
const bytes = readFileSync(path);
const of = (type: string, content: Uint8Array | string): string => createHash(type).update(content).digest("hex");
const all = { md5: of("md5", bytes), sha1: of("sha1", bytes), sha256: of("sha256", bytes) };
const types = ["md5", "sha1", "sha256"] as const;

describe("digests of an image, computed while it is read", () => {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  }

  test.each([
    ["a path", () => path],
    ["a URL", () => pathToFileURL(path)],
    ["bytes", () => new Uint8Array(bytes)],
    ["a Node stream", () => createReadStream(path, { highWaterMark: 77 })],
    ["an iterable", pieces],
    ["a web stream", () => new Blob([new Uint8Array(bytes)]).stream()],
  ])("of %s", async (_, input) => {
    const { digests, hash } = await hashImage(input(), { digests: types });
    expect(digests).toEqual(all);
    expect(hash).toBe(scene.hash);
  });

  test("only the requested digests are computed, by default none", async () => {
    expect((await hashImage(path, { digests: ["sha1"] })).digests).toEqual({ sha1: all.sha1 });
    expect("digests" in (await hashImage(path))).toBe(false);
    const pixels = { data: new Uint8Array(64 * 64), width: 64, height: 64, channels: 1 as const };
    expect("digests" in (await hashImage(pixels, { digests: types }))).toBe(false);
    for await (const { result } of hashImages([path, path], { digests: ["md5"] }))
      expect(result!.digests).toEqual({ md5: all.md5 });
    await expect(hashImage(path, { digests: ["crc32" as never] })).rejects.toThrow(/md5, sha1, sha256 for digests/);
    await expect(hashImage(path, { digests: "md5" as never })).rejects.toThrow(/array/);
  });

  test("of any file", async () => {
    const other = join(here, "other.bin");
    writeFileSync(other, Buffer.alloc(3_000_000, 7));
    expect(await digestFile(other)).toEqual({
      md5: of("md5", Buffer.alloc(3_000_000, 7)),
      sha1: of("sha1", Buffer.alloc(3_000_000, 7)),
      sha256: of("sha256", Buffer.alloc(3_000_000, 7)),
    });
    await expect(digestFile(join(here, "nothing"))).rejects.toMatchObject({ code: "ERR_EMPREINTE_READ" });
    await expect(digestFile(other, { signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
  });
});

describe("lists with digests", () => {
  const csv = `signal_type,signal_str,collab,category,tags\nmd5,${all.md5.toUpperCase()},c,POSITIVE_CLASS,a b\npdq,${pdq(1)},,,\nsha256,${all.sha256},,,\nmd5,${all.md5},again,,\nvideo_md5,${md5(1)},,,\n`;
  const load = (text: string, digests: boolean): Promise<HashList> =>
    HashList.load({ name: "list", input: Buffer.from(text) }, { digests });

  test("every entry that names the bytes, in order, with what the list says of it", async () => {
    using list = await load(csv, true);
    expect([list.size, list.digests, list.digestTypes]).toEqual([1, 4, ["md5", "sha256"]]);
    expect(list.lists).toEqual([{ name: "list", form: "signal-csv", entries: 1, digests: 4, problems: 0 }]);
    const same = { distance: 0, orientation: "orig" };
    expect(list.searchSync({ digests: all })).toEqual([
      { ...same, type: "md5", list: "list", line: 2, metadata: "collab=c; category=POSITIVE_CLASS; tags=a b" },
      { ...same, type: "sha256", list: "list", line: 4, metadata: "" },
      { ...same, type: "md5", list: "list", line: 5, metadata: "collab=again" },
    ]);
    expect(list.searchSync({ digests: { md5: md5(2) } })).toEqual([]);
    expect(list.searchSync({ digests: {} })).toEqual([]);
  });

  test("exact matches come before the near ones of the same query", async () => {
    using list = await load(csv, true);
    const query = { hash: pdq(1), quality: 100, stable: true, digests: all };
    const wanted = ["md5 2", "sha256 4", "md5 5", "pdq 3"];
    const shown = ({ type, line }: { type: string; line: number }): string => `${type} ${line}`;
    expect(list.searchSync(query).map(shown)).toEqual(wanted);
    expect((await list.search(query)).map(shown)).toEqual(wanted);
    expect(list.searchSync({ ...query, quality: 0 }).map(shown)).toEqual(wanted.slice(0, 3));
  });

  test("without the option they are problems, as they were", async () => {
    using list = await load(csv, false);
    expect([list.size, list.digests, list.lists[0]!.problems]).toEqual([1, 0, 4]);
    expect(list.searchSync({ digests: all })).toEqual([]);
  });

  test("metadata is the same text whether the core reads the list or not", async () => {
    const text = `signal_type,signal_str,collab,category,tags\npdq,${pdq(1)},"a, b",POSITIVE_CLASS,x y:z\npdq,${pdq(2)},,,\npdq,${pdq(3)},c,,t\n`;
    const metadata = async (digests: boolean): Promise<string[]> => {
      using list = await load(text, digests);
      return [1, 2, 3].map(
        (i) => list.searchSync({ hash: pdq(i), quality: 100, stable: true }, { radius: 0 })[0]!.metadata,
      );
    };
    expect(await metadata(true)).toEqual(await metadata(false));
  });

  test("from a stream, which cannot be read twice, the same; problems once, at their lines", async () => {
    const text = `${csv}url,x,,,\nmd5,zz,,,\npdq,zz,,,\n"open,${pdq(9)}`;
    const read = async (input: Uint8Array | AsyncIterable<Uint8Array>): Promise<unknown> => {
      const problems: number[] = [];
      const options = { digests: true, onProblem: ({ line }: { line?: number }) => void problems.push(line!) };
      using list = await HashList.load({ name: "list", input }, options);
      return {
        problems: problems.sort(),
        lists: list.lists,
        exact: list.searchSync({ digests: { ...all, md5: md5(1) } }),
      };
    };
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(text);
    }
    const twice = await read(Buffer.from(text));
    expect(twice).toEqual(await read(stream()));
    expect(twice).toMatchObject({ problems: [10, 7, 8, 9], lists: [{ entries: 1, digests: 4, problems: 4 }] });
  });

  test("any format, its withdrawn entries left out", async () => {
    using ncmec = await load(fixtures["ncmec"]!.good, true);
    expect([ncmec.size, ncmec.digests, ncmec.lists[0]!.form]).toEqual([1, 4, "ncmec"]);
    expect(ncmec.searchSync({ digests: { sha1: sha1(1) } })).toMatchObject([
      { line: 4, metadata: "id=42/i1; tags=ncmec:A1 ncmec-categorization:g-1" },
    ]);
    expect(ncmec.searchSync({ hash: pdq(1), quality: 100, stable: true })).toMatchObject([
      { distance: 0, list: "list", line: 4, type: "pdq" },
    ]);
    using stopncii = await load(fixtures["stopncii"]!.good, true);
    // Of three PDQ hashes two are withdrawn.
    expect([stopncii.size, stopncii.digests]).toEqual([1, 1]);
    expect(stopncii.searchSync({ hash: pdq(2), quality: 100, stable: true })).toEqual([]);
  });

  test("a list that ends in the middle is no list", async () => {
    await expect(load(fixtures["ncmec"]!.broken, true)).rejects.toMatchObject({ code: "ERR_EMPREINTE_LIST" });
  });
});

describe("scan", () => {
  const write = (name: string, content: Uint8Array | string): string => {
    writeFileSync(join(here, name), content);
    return name;
  };
  const broken = bytes.subarray(0, bytes.length - 40);
  write("photos/broken.png", broken);
  write("photos/other.bin", "no image at all");
  write("photos/unknown.bin", "no image either");
  const list = write(
    "mixed.csv",
    `signal_type,signal_str,collab,category,tags\npdq,${scene.hash},,,near\nmd5,${all.md5},,,same\nsha1,${of("sha1", broken)},,,cut\nmd5,${of("md5", "no image at all")},,,other\n`,
  );

  test("exact matches come with near ones, even for files that are not images or cannot be decoded", async () => {
    const { code, stdout } = await empreinteProcess(["scan", "--list", list, "--quiet", "photos"], { cwd: here });
    expect(code).toBe(2); // broken.png cannot be decoded
    expect(
      stdout
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split("\t")),
    ).toEqual([
      ["photos/broken.png", "exact", "0", "mixed.csv:4", "-", "-", "digest=sha1 tags=cut"],
      ["photos/other.bin", "exact", "0", "mixed.csv:5", "-", "-", "digest=md5 tags=other"],
      ["photos/scene.png", "exact", "0", "mixed.csv:3", "-", "-", "digest=md5 tags=same"],
      ["photos/scene.png", "match", "0", "mixed.csv:2", "orig", "-", "tags=near"],
    ]);
  });

  test("--json", async () => {
    const { stdout } = await empreinteProcess(["scan", "--json", "--list", list, "--quiet", "photos/scene.png"], {
      cwd: here,
    });
    expect(jsonLines(stdout)).toMatchObject([
      {
        path: "photos/scene.png",
        matches: [
          { verdict: "exact", digest: "md5", list: "mixed.csv", line: 3, metadata: "tags=same" },
          { verdict: "match", distance: 0, list: "mixed.csv", line: 2 },
        ],
      },
    ]);
  });

  test("a list of digests alone finds the same bytes only", async () => {
    const only = write("only.txt", `video_md5 ${of("md5", "no image at all")}\n`);
    const { code, stdout } = await empreinteProcess(
      ["scan", "--list", only, "--quiet", "photos/other.bin", "photos/scene.png"],
      { cwd: here },
    );
    expect(stdout).toBe("photos/other.bin\texact\t0\tonly.txt:1\t-\t-\tdigest=md5\n");
    expect(code).toBe(2); // other.bin, named on the command line, is no image
  });
});
