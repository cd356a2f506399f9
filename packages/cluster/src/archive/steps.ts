/** What a bank's changes ask of a shard: steps of a few hundred hashes, the same for every shard at the same place. */
import { orientationNames } from "empreinte";
import type { BankStore, EntryInfo } from "empreinte/bank";
import type { RescanPosition, RescanStep } from "./rescans.js";

/** The most revisions of one step. */
const mostRevisions = 1000;
/** The most entries of one step. */
const mostEntries = 2000;
type Policy = ReturnType<BankStore["banks"]>[number]["policy"];
type Content = Pick<RescanStep, "end" | "entries" | "ended">;

/** Makes the steps of one bank. */
export class Steps {
  readonly #radius: number;
  readonly #atOnce: number;
  /** The last steps, which the other shards need as well, at one revision of the bank. */
  readonly #made = new Map<string, RescanStep>();
  #plan: { key: string; entries: number[] } = { key: "", entries: [] };

  constructor(radius: number, hashesAtOnce: number) {
    this.#radius = radius;
    this.#atOnce = hashesAtOnce;
  }

  /**
   * Returns the next step of a shard, or undefined if it has everything. @throws where it was searched by another bank.
   */
  next(bank: BankStore, position: RescanPosition, empty: boolean): RescanStep | undefined {
    const now = bank.revision;
    const { revision, after, offset } = position;
    const inside = after > 0 || offset > 0;
    if (position.target > 0 && position.radius !== this.#radius) {
      throw new Error(`the shard was searched with radius ${position.radius}, and not ${this.#radius}`);
    }
    assertHistory(bank, position);
    if (!inside && revision === now) return undefined;
    const target = inside ? position.target : empty ? now : Math.min(now, revision + mostRevisions);
    // An entry may have changed since: a step is only used again at the same revision.
    const key = JSON.stringify([revision, target, after, offset, now, empty]);
    const found = this.#made.get(key);
    if (found !== undefined) return found;
    const step: RescanStep = {
      revision,
      digest: position.digest,
      target,
      targetDigest: bank.history.digest(target),
      after,
      offset,
      radius: this.#radius,
      ...(empty ? { end: null, entries: [], ended: [] } : this.#entries(bank, position, target)),
      empty,
    };
    this.#made.set(key, step);
    if (this.#made.size > 8) this.#made.delete(this.#made.keys().next().value!);
    return step;
  }

  #entries(bank: BankStore, { revision, after, offset }: RescanPosition, target: number): Content {
    const policies = new Map(bank.banks().flatMap((one) => (one.negative ? [] : [[one.name, one.policy] as const])));
    const content: Content = { end: null, entries: [], ended: [] };
    let [last, count, left] = [after, 0, this.#atOnce];
    for (const entry of this.#changed(bank, revision, target)) {
      if (entry <= after) continue;
      const info = bank.entry({ entryNumber: entry }, { crops: true });
      const policy = info && policies.get(info.bank);
      const hashes = policy === undefined ? [] : hashesOf(info!, policy.minQuality);
      const from = count === 0 ? offset : 0;
      const its = hashes.slice(from, from + this.#atOnce);
      if (count >= mostEntries || (count > 0 && its.length > left))
        return { ...content, end: { after: last, offset: 0 } };
      if (its.length > 0) content.entries.push({ entry, hashes: its, more: from > 0, ...orientationsOf(policy!) });
      // The entry has no hashes any more where it has changed since the step before.
      else content.ended.push(entry);
      if (from + its.length < hashes.length) return { ...content, end: { after: last, offset: from + its.length } };
      left -= its.length;
      last = entry;
      count++;
    }
    return content;
  }

  /** Returns the numbers of the entries that changed, sorted. */
  #changed(bank: BankStore, since: number, target: number): number[] {
    const key = `${since} ${target}`;
    if (this.#plan.key !== key) {
      const changes = bank.changes(since, { limit: target - since });
      const numbers = new Set(changes.flatMap(({ entryNumber }) => (entryNumber === undefined ? [] : [entryNumber])));
      this.#plan = { key, entries: [...numbers].sort((a, b) => a - b) };
    }
    return this.#plan.entries;
  }
}

/** @throws {Error} where the shard was searched for revisions that the bank does not have. */
export function assertHistory(bank: BankStore, { revision, digest, target, targetDigest }: RescanPosition): void {
  const now = bank.revision;
  if (target > now) throw new Error(`the bank has revision ${now}, and the shard ${target}`);
  const isSame = (at: number, its: string): boolean => at === 0 || bank.history.digest(at) === its;
  if (isSame(revision, digest) && isSame(target, targetDigest)) return;
  throw new Error("the shard was searched by a bank with another history");
}

/**
 * Returns the hashes of an entry, those of the frames of videos too. A disabled entry may match again without a change,
 * so it is searched as well.
 */
function hashesOf({ status, signals }: EntryInfo, minQuality: number): string[] {
  if (status !== "active") return [];
  const searched = signals.filter(
    ({ type, weak, quality }) =>
      (type === "pdq" || type === "vpdq") && weak === undefined && (quality ?? 100) >= minQuality,
  );
  return [...new Set(searched.map(({ value }) => value))];
}

/** The orientations of uploads that a policy searches, where these are not all. */
const orientationsOf = ({ orientations }: Policy): { orientations?: string[] } =>
  orientations.length === orientationNames.length ? {} : { orientations: [...orientations] };
