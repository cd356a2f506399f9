/** An index beside a plain map, changed by the same commands: fast-check makes them up. */
import fc from "fast-check";
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { HashIndex } from "../../dist/index.js";
import { type SearchStrategy } from "../../dist/search/options.js";
import { difference, distances, hashAt, hex, type Hit, randomHashes } from "./hashes.ts";

export interface Entry {
  id: number;
  hash: Uint8Array;
  tag: number;
  /** Its crops, which have one tag of their own. */
  crops?: { hashes: readonly Uint8Array[]; tag: number };
}

interface Row {
  id: number;
  hash: Uint8Array;
  tag: number;
  crop?: number;
}

function rowsOf({ id, hash, tag, crops }: Entry): Row[] {
  const others = crops?.hashes.map((cropHash, crop): Row => ({ id, hash: cropHash, tag: crops.tag, crop }));
  return [{ id, hash, tag }, ...(others ?? [])];
}

/** What the index should hold, and the slow search of it. */
export class Model {
  readonly entries: Map<number, Entry> = new Map();

  put(entries: readonly Entry[]): void {
    for (const entry of entries) this.entries.set(entry.id, entry);
  }

  get rows(): Row[] {
    return [...this.entries.values()].flatMap(rowsOf);
  }

  /** The nearest row of each entry within the radius; of equally near ones the original, then the first crop. */
  search(query: Uint8Array, radius: number, tags?: readonly number[]): Hit[] {
    const some = this.rows.filter(({ tag }) => tags === undefined || tags.includes(tag));
    const all = distances(Buffer.concat(some.map(({ hash }) => hash)), query);
    const best = new Map<number, Hit>();
    some.forEach(({ id, crop }, i) => {
      const distance = all[i]!;
      if (distance > radius || distance >= (best.get(id)?.distance ?? Infinity)) return;
      best.set(id, { id, distance, orientation: "orig", ...(crop !== undefined && { crop }) });
    });
    return [...best.values()].sort((a, b) => a.distance - b.distance || a.id - b.id);
  }
}

/** The index in a box: saving and opening puts another one there. */
export interface Real {
  index: HashIndex;
  readonly folder: string;
}

const centres = Buffer.concat([randomHashes(4, 81), new Uint8Array(32), new Uint8Array(32).fill(255)]);

/** A centre, or up to 40 bits away from one: duplicates and neighbours are common. */
export const anyHash: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.nat(5), fc.oneof(fc.constant([]), fc.array(fc.nat(255), { maxLength: 40 })))
  .map(([centre, flips]) => {
    const hash = Uint8Array.from(hashAt(centres, centre));
    for (const bit of flips) hash[bit >> 3]! ^= 1 << (bit & 7);
    return hash;
  });
export const anyRadius: fc.Arbitrary<number> = fc.oneof(fc.nat(256), fc.constantFrom(0, 15, 16, 31, 32, 63, 256));
/** Few, so that they meet; one needs eight bytes. */
const anyId = fc.oneof(fc.nat(60), fc.constantFrom(2 ** 32, 2 ** 53 - 1));
const anyTag = fc.constantFrom(0, 1, 64, 255);
export const anyTags: fc.Arbitrary<number[] | undefined> = fc.option(fc.subarray([0, 1, 64, 255]), { nil: undefined });
export const anyEntries: fc.Arbitrary<Entry[]> = fc.array(fc.record({ id: anyId, hash: anyHash, tag: anyTag }), {
  maxLength: 30,
});
export const anyStrategy: fc.Arbitrary<SearchStrategy> = fc.constantFrom(
  "auto",
  "scan",
  "columns",
  "tiled",
  "multi-index",
);

/** Of several entries with one id the first. */
export function unique(entries: readonly Entry[]): Entry[] {
  return [...new Map(entries.toReversed().map((entry) => [entry.id, entry])).values()];
}

type Command = fc.AsyncCommand<Model, Real>;

function command(name: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return { check: () => true, run, toString: () => name };
}

const duplicate = { name: "IndexError", code: "ERR_EMPREINTE_DUPLICATE_ID" };
const unknown = { name: "IndexError", code: "ERR_EMPREINTE_UNKNOWN_ID" };
const shown = (values: readonly { id: number }[]): string => values.map(({ id }) => id).join(" ");

const add = fc
  .record({ given: anyEntries, onlyNew: fc.boolean(), later: fc.boolean() })
  .map(({ given, onlyNew, later }) =>
    command(`add ${shown(given)}${onlyNew ? ", what is new" : ""}`, async (model, { index }) => {
      const entries = onlyNew ? unique(given).filter(({ id }) => !model.entries.has(id)) : given;
      const ids = entries.map(({ id }) => id);
      const fresh = unique(entries).length === ids.length && !ids.some((id) => model.entries.has(id));
      const hashes = entries.map(({ hash }) => hash);
      const tags = Uint8Array.from(entries, ({ tag }) => tag);
      const adding = async (): Promise<void> =>
        later ? index.addMany(ids, hashes, { tags }) : index.addManySync(ids, hashes, { tags });
      if (!fresh) return assert.rejects(adding(), duplicate);
      await adding();
      model.put(entries);
    }),
  );

const addWithCrops = fc
  .record({ id: anyId, hash: anyHash, tag: anyTag, cropTag: anyTag, crops: fc.array(anyHash, { maxLength: 63 }) })
  .map(({ id, hash, tag, cropTag, crops }) =>
    command(`add ${id} with ${crops.length} crops`, async (model, { index }) => {
      const region = { left: 0, top: 0, right: 1, bottom: 1 };
      const given = {
        hash: hex(hash),
        quality: 100,
        stable: true,
        crops: crops.map((crop) => ({ hash: hex(crop), quality: 100, name: "any", region })),
      };
      const adding = (): void => index.addWithCrops(id, given, { tag, cropTag });
      if (model.entries.has(id)) return assert.throws(adding, duplicate);
      adding();
      model.put([{ id, hash, tag, crops: { hashes: crops, tag: cropTag } }]);
    }),
  );

const replace = fc.record({ id: anyId, hash: anyHash, tag: anyTag }).map((entry) =>
  command(`replace ${entry.id}`, async (model, { index }) => {
    const replacing = (): void => index.replace(entry.id, entry.hash, { tag: entry.tag });
    if (!model.entries.has(entry.id)) return assert.throws(replacing, unknown);
    replacing();
    model.put([entry]);
  }),
);

const remove = fc.array(anyId, { maxLength: 5 }).map((ids) =>
  command(`remove ${ids.join(" ")}`, async (model, { index }) => {
    const removing = (): void => index.remove(ids);
    if (!ids.every((id) => model.entries.has(id))) return assert.throws(removing, unknown);
    removing();
    for (const id of ids) model.entries.delete(id);
  }),
);

/** Every second, third … id at once, so that parts wear out and vanish. */
const removeMany = fc.record({ step: fc.integer({ min: 1, max: 5 }), first: fc.nat(4) }).map(({ step, first }) =>
  command(`remove every ${step}th id from ${first}`, async (model, { index }) => {
    const ids = [...model.entries.keys()].filter((id) => id >= first && (id - first) % step === 0);
    index.remove(ids);
    for (const id of ids) model.entries.delete(id);
  }),
);

const optimize = fc.constant(command("optimize", async (_, { index }) => index.optimize()));

let saved = 0;
const reopen = fc.record({ later: fc.boolean(), warm: fc.boolean() }).map(({ later, warm }) =>
  command("save and open", async (_, real) => {
    const path = join(real.folder, `${saved++}.idx`);
    await real.index.save(path);
    real.index.close();
    real.index = await HashIndex.open(path, { verify: later ? "later" : "now" });
    rmSync(path); // mapped, or read: the index stays
    if (later) await real.index.verify();
    if (warm) await real.index.warm();
  }),
);

const ask = fc
  .record({
    queries: fc.array(anyHash, { minLength: 1, maxLength: 9 }),
    radius: anyRadius,
    limit: fc.option(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(2 ** 32 - 1)), { nil: undefined }),
    tags: anyTags,
    strategy: anyStrategy,
  })
  .map(({ queries, radius, limit, tags, strategy }) =>
    command(`search ${radius}, ${strategy}, limit ${limit}, tags ${tags}`, async (model, { index }) => {
      assert.equal(index.size, model.rows.length);
      const options = { strategy, ...(limit !== undefined && { limit }), ...(tags !== undefined && { tags }) };
      const k = limit ?? 3;
      const near = { strategy, radius, ...(tags !== undefined && { tags }) };
      const many = await index.searchMany(queries, { radius, ...options });
      const nearest = await index.nearestMany(queries, { count: k, ...near });
      for (const [i, query] of queries.entries()) {
        const wanted = model.search(query, radius, tags);
        assert.equal(difference(many[i]!, wanted.slice(0, limit)), undefined);
        assert.equal(difference(nearest[i]!, wanted.slice(0, k)), undefined);
        assert.equal(difference(index.searchSync(query, { radius, ...options }), wanted.slice(0, limit)), undefined);
        assert.equal(difference(index.nearestSync(query, { count: k, ...near }), wanted.slice(0, k)), undefined);
      }
    }),
  );

export const anyCommands: fc.Arbitrary<Iterable<Command>> = fc.commands(
  [add, add, addWithCrops, replace, remove, removeMany, optimize, reopen, ask, ask, ask],
  { maxCommands: 40, size: "max" },
);
