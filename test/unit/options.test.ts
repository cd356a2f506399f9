/** Every option of every public function: null is not its default, and neither is a name that is none. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { BankStore, Matcher } from "../../dist/doors/bank.js";
import { evaluate, writeAttackedImages } from "../../dist/doors/evaluate.js";
import { convertList, cropListLines, ListWriter, openList } from "../../dist/doors/lists.js";
import { compareVpdq, findFfmpeg, hashVideo, VideoIndex, videoFrames } from "../../dist/doors/video.js";
import * as empreinte from "../../dist/index.js";
import { scene } from "../support/image/altered.ts";
import { hexHashes } from "../support/lists.ts";

const { HashIndex, HashList } = empreinte;
const folder = mkdtempSync(join(tmpdir(), "empreinte-options-"));
const at = (name: string): string => join(folder, name);
const image = scene(3, 64, 64);
const [hash] = hexHashes(1, 5) as [string];
const hashes = { ...empreinte.hashPixelsSync(image), crops: [] };
const list = Buffer.from(`${hash},one\n`);
const from = { bank: "b", source: "s" };

const index = new HashIndex();
index.add(1, hash);
const known = await HashList.load(list);
const videos = new VideoIndex();
const store = await BankStore.create(at("store.bank"));
store.createBank({ name: "b" });
await store.import(from, [{ id: "a", signals: [{ type: "pdq", value: hash }] }]);
const matcher = new Matcher(store);
const decision = matcher.check({ hash });
await known.save(at("list.idx"));
await index.save(at("hashes.idx"));
videos.add("v", { hash });
await videos.save(at("videos.idx"));
writeFileSync(at("file"), "bytes");
afterAll(async () => {
  await store.close();
  for (const one of [index, known, videos]) one.close();
  rmSync(folder, { recursive: true, force: true });
});

type Call = (options: never) => unknown;
const drained = async (items: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of items) return;
};
const columns = { pdq: 1, header: false };

/** A call of each public function that has options, with what else it needs, and the options that it must have. */
const calls: [name: string, call: Call, needed?: object][] = [
  ["hashImage", (options) => empreinte.hashImage(image, options)],
  ["hashImages", (options) => drained(empreinte.hashImages([image], options))],
  ["hashPixelsSync", (options) => empreinte.hashPixelsSync(image, options)],
  ["hashWithCrops", (options) => empreinte.hashWithCrops(image, options)],
  ["digestFile", (options) => empreinte.digestFile(at("file"), options)],
  ["safePreview", (options) => empreinte.safePreview(image, options)],
  ["reduceImage", (options) => empreinte.reduceImage(image, options)],
  ["new HashIndex", (options) => new HashIndex(options)],
  ["HashIndex.open", (options) => HashIndex.open(at("hashes.idx"), options)],
  ["index.add", (options) => index.add(9, hash, options)],
  ["index.addManySync", (options) => index.addManySync([9], [hash], options)],
  ["index.addMany", (options) => index.addMany([9], [hash], options)],
  ["index.addWithCrops", (options) => index.addWithCrops(9, hashes, options)],
  ["index.replace", (options) => index.replace(1, hash, options)],
  ["index.searchSync", (options) => index.searchSync(hash, options)],
  ["index.searchManySync", (options) => index.searchManySync([hash], options)],
  ["index.search", (options) => index.search(hash, options)],
  ["index.searchMany", (options) => index.searchMany([hash], options)],
  ["index.nearestSync", (options) => index.nearestSync(hash, options)],
  ["index.nearest", (options) => index.nearest(hash, options)],
  ["index.nearestMany", (options) => index.nearestMany([hash], options)],
  ["index.searchImage", (options) => index.searchImage(image, options)],
  ["index.save", (options) => index.save(at("again.idx"), options)],
  ["index.verify", (options) => index.verify(options)],
  ["index.warm", (options) => index.warm(options)],
  ["HashList.load", (options) => HashList.load(list, options)],
  ["HashList.build", (options) => HashList.build(list, at("built.idx"), options)],
  ["HashList.open", (options) => HashList.open(at("list.idx"), options)],
  ["HashList.searchImageIn", (options) => HashList.searchImageIn([known], image, options)],
  ["list.save", (options) => known.save(at("again.idx"), options)],
  ["list.warm", (options) => known.warm(options)],
  ["list.searchSync", (options) => known.searchSync(hash, options)],
  ["list.search", (options) => known.search(hash, options)],
  ["list.searchImage", (options) => known.searchImage(image, options)],
  ["openList", (options) => openList(list, options)],
  ["openList, columns", (given) => openList(list, { columns: { ...columns, ...(given as object) } })],
  ["convertList", (options) => convertList(list, options), { to: "plain" }],
  ["new ListWriter", (options) => new ListWriter("plain", options)],
  ["cropListLines", (options) => cropListLines(hashes, "", options)],
  ["compareVpdq", (options) => compareVpdq([], [], options)],
  ["findFfmpeg", (options) => findFfmpeg(options)],
  ["hashVideo", (options) => hashVideo(at("file"), options)],
  ["videoFrames", (options) => drained(videoFrames(at("file"), options))],
  ["new VideoIndex", (options) => new VideoIndex(options)],
  ["VideoIndex.open", (options) => VideoIndex.open(at("videos.idx"), options)],
  ["videos.search", (options) => videos.search({ hash }, options)],
  ["videos.searchVideo", (options) => videos.searchVideo(at("file"), options)],
  ["videos.searchImage", (options) => videos.searchImage(image, options)],
  ["videos.save", (options) => videos.save(at("again.idx"), options)],
  ["BankStore.create", (options) => BankStore.create(at("other.bank"), options)],
  ["BankStore.open", (options) => BankStore.open(at("none.bank"), options)],
  ["store.createBank", (options) => store.createBank(options), { name: "c" }],
  ["store.setPolicy", (options) => store.setPolicy("b", options)],
  ["store.setPolicy, flood", (flood) => store.setPolicy("b", { flood }), { uploads: 3, seconds: 60 }],
  ["store.import", (options) => store.import(from, [], options)],
  ["store.entry", (options) => store.entry({ entryNumber: 1 }, options)],
  ["store.entries", (options) => [...store.entries(options)], { bank: "b" }],
  ["store.search", (options) => store.search(hash, options)],
  ["store.searchImage", (options) => store.searchImage(image, options)],
  ["store.audit", (options) => store.audit(options)],
  ["store.recordExport", (options) => store.recordExport(options), { to: "csv", bank: "b" }],
  [
    "store.reportSource",
    (options) => store.reportSource({ bank: "b", source: "s" }, options),
    { staleAfterSeconds: 60 },
  ],
  ["store.changes", (options) => store.changes(0, options)],
  ["new Matcher", (options) => new Matcher(store, options)],
  ["matcher.checkImage", (options) => matcher.checkImage(image, options)],
  ["matcher.qualify", (options) => matcher.qualify(decision, options), { labels: ["x:1"] }],
  ["evaluate", (options) => evaluate(folder, options)],
  ["writeAttackedImages", (options) => writeAttackedImages(folder, at("out"), options)],
];

/** Calls that put the options into an object of their own. */
const spread = ["openList, columns"];

const refusal = async (call: Call, options: unknown): Promise<{ code?: string; message?: string }> => {
  try {
    await call(options as never);
    return {};
  } catch (error) {
    return error as { code?: string; message?: string };
  }
};

describe.each(calls)("%s", (name, call, needed = {}) => {
  test("refuses a name that it does not know, null as its options, and null as any of them", async () => {
    const code = "ERR_EMPREINTE_INVALID_ARGUMENT";
    const unknown = await refusal(call, { ...needed, noSuchOption: 1 });
    expect(unknown).toMatchObject({
      code,
      message: expect.stringContaining("Unknown option noSuchOption; known are "),
    });
    const nothing = await refusal(call, null);
    expect(nothing.code).toBe(spread.includes(name) ? undefined : code);
    const names = unknown.message!.replace(/^.* known are /, "").split(", ");
    for (const option of names) {
      const { code: got, message } = await refusal(call, { ...needed, [option]: null });
      expect({ option, got, message }).toEqual({
        option,
        got: code,
        message: expect.stringMatching(`for .*\\b${option}\\b`),
      });
    }
  });
});
