/**
 * Where the compressed data of a HEIF's images are. Of what cannot be followed nothing is returned: the decoder refuses
 * it.
 */
import { type Box, boxAt, boxesIn } from "./boxes.js";

/** A part of an item's data: where it begins and ends. */
export type Extent = readonly [from: number, to: number];

/** Reads numbers of some bytes each, the highest byte first. */
class Fields {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  take(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = 256 * value + (this.#bytes[this.at++] ?? 0);
    return value;
  }
}

/** An item of a HEIF, as its table says it. */
interface Item {
  id: number;
  type: string;
  hidden: boolean;
}

/** Yields the items in the order of the table. */
function* itemsIn(bytes: Uint8Array, meta: Box): Generator<Item, void, undefined> {
  const infos = boxAt(bytes, ["iinf"], meta.at + 4, meta.end);
  if (infos === undefined) return;
  const first = infos.at + (bytes[infos.at] === 0 ? 6 : 8);
  for (const info of boxesIn(bytes, first, infos.end)) {
    const fields = new Fields(bytes, info.at);
    const head = fields.take(4);
    const version = head >>> 24;
    if (info.type !== "infe" || version < 2) continue;
    const id = fields.take(version === 2 ? 2 : 4);
    fields.take(2);
    const type = String.fromCharCode(...bytes.subarray(fields.at, fields.at + 4));
    yield { id, type, hidden: (head & 1) === 1 };
  }
}

/** Types of items that are images: compressed ones, and those that are made of others. */
const imageTypes: ReadonlySet<string> = new Set(
  "hvc1 hev1 av01 avc1 vvc1 lhv1 jpeg j2k1 unci grid iovl iden".split(" "),
);

/** Returns the items that are tiles of a grid, thumbnails, depth maps or gain maps of another item. */
function dependentItems(bytes: Uint8Array, meta: Box): Set<number> {
  const found = new Set<number>();
  const references = boxAt(bytes, ["iref"], meta.at + 4, meta.end);
  if (references === undefined) return found;
  const idBytes = bytes[references.at] === 0 ? 2 : 4;
  for (const { type, at, end } of boxesIn(bytes, references.at + 4, references.end)) {
    const fields = new Fields(bytes, at);
    const from = fields.take(idBytes);
    if (type === "thmb" || type === "auxl") found.add(from);
    if (type !== "dimg") continue;
    for (let left = fields.take(2); left > 0 && fields.at < Math.min(end, bytes.length); left--)
      found.add(fields.take(idBytes));
  }
  return found;
}

/** Returns how many images a HEIF has that are shown: not hidden, and not a part or a property of another. */
export function imageCount(bytes: Uint8Array): number {
  const meta = boxAt(bytes, ["meta"]);
  if (meta === undefined) return 0;
  const dependent = dependentItems(bytes, meta);
  let count = 0;
  for (const { id, type, hidden } of itemsIn(bytes, meta)) {
    if (!hidden && imageTypes.has(type) && !dependent.has(id)) count++;
  }
  return count;
}

/** Returns the parts of each item of a type, in the order of the file's table. */
export function extentsOf(bytes: Uint8Array, type: string): Extent[][] {
  const meta = boxAt(bytes, ["meta"]);
  if (meta === undefined) return [];
  const wanted = new Set([...itemsIn(bytes, meta)].filter((item) => item.type === type).map(({ id }) => id));
  const places = boxAt(bytes, ["iloc"], meta.at + 4, meta.end);
  const own = boxAt(bytes, ["idat"], meta.at + 4, meta.end);
  if (places === undefined) return [];
  const fields = new Fields(bytes, places.at);
  const version = fields.take(4) >>> 24;
  const sizes = fields.take(2);
  const [offsetBytes, lengthBytes, baseBytes] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexBytes = version === 0 ? 0 : sizes & 15;
  // Otherwise a part could have no bytes of the table, and the table as many parts as it says.
  if (offsetBytes + lengthBytes === 0) return [];
  const end = Math.min(places.end, bytes.length);
  const items: Extent[][] = [];
  for (let left = fields.take(version < 2 ? 2 : 4); left > 0 && fields.at < end; left--) {
    const id = fields.take(version < 2 ? 2 : 4);
    const method = version === 0 ? 0 : fields.take(2) & 15;
    fields.take(2);
    const base = fields.take(baseBytes) + (method === 1 ? (own?.at ?? NaN) : 0);
    const extents: Extent[] = [];
    for (let parts = fields.take(2); parts > 0 && fields.at < end; parts--) {
      fields.take(indexBytes);
      const from = base + fields.take(offsetBytes);
      extents.push([from, from + fields.take(lengthBytes)]);
    }
    const isThere = extents.every(([from, to]) => from < to && to <= bytes.length);
    if (wanted.has(id) && method < 2 && isThere) items.push(extents);
  }
  return items;
}

/** Returns how many bytes the length of each unit of HEVC data has: 1, 2 or 4. */
export function unitLengthBytes(bytes: Uint8Array): number {
  const meta = boxAt(bytes, ["meta"]);
  const hvcC = meta && boxAt(bytes, ["iprp", "ipco", "hvcC"], meta.at + 4, meta.end);
  return hvcC === undefined ? 4 : ((bytes[hvcC.at + 21] ?? 3) & 3) + 1;
}
