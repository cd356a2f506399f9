// A user's program: it imports every door, uses what each is for, and prints a line. It is compiled under `strict` and
// `exactOptionalPropertyTypes`, with the libraries' own types checked, by each way of resolving modules that users
// have.
import { BankStore, type Decision, Matcher, type NewBank } from "empreinte/bank";
import { type EvaluateOptions, evaluate } from "empreinte/evaluate";
import { ListWriter, openList, type OpenListOptions } from "empreinte/lists";
import { LocalIndex } from "empreinte/local";
import { hashVideo, VideoIndex, type HashVideoOptions } from "empreinte/video";
import {
  EmpreinteError,
  hashDistance,
  hashImage,
  type HashImageOptions,
  HashIndex,
  HashList,
  type Match,
  type Orientation,
  type RawPixels,
} from "empreinte";

const pixels: RawPixels = {
  data: Uint8Array.from({ length: 64 * 64 }, (_, i) => (i * i * 7919) >> 5),
  width: 64,
  height: 64,
  channels: 1,
};
const hashing: HashImageOptions = { orientations: true };
const query = await hashImage(pixels, hashing);
const orientation: Orientation = "orig";
const turned: string | undefined = query.orientations?.[orientation];

using index = new HashIndex();
index.add(7, query.hash);
const near: Match[] = await index.search(query.hash, { radius: 31 });
const list = await HashList.load({ name: "list.csv", input: new TextEncoder().encode(`${query.hash},a case\n`) });
const [listed] = await list.search({ hash: query.hash, quality: 100, stable: true }, { radius: 31 });
list.close();

using videos = new VideoIndex();
const watching: HashVideoOptions = { sampling: "adaptive" };
const options: OpenListOptions = {};
const evaluation: EvaluateOptions = { attacks: ["mirror"] };
const bank: NewBank = { name: "bank", policy: { action: "review" } };

/** Never called: that it compiles is the test. */
export async function compiled(path: string): Promise<Decision> {
  videos.add("film", await hashVideo(path, watching));
  const opened = await openList(path, options);
  for await (const batch of opened.batches()) for (const { signals } of batch) console.log(signals.length);
  await evaluate(path, evaluation);
  using originals = new LocalIndex();
  const { tier } = await originals.searchImage(path, { tags: [1] });
  console.log(tier);
  const store = await BankStore.create(path);
  store.createBank(bank);
  const decision = new Matcher(store).check({ hash: query.hash, quality: query.quality, stable: query.stable });
  await store.close();
  return decision;
}

const classes = [BankStore, ListWriter, LocalIndex, VideoIndex, EmpreinteError].every(
  (one) => typeof one === "function",
);
const same = turned === undefined ? -1 : hashDistance(query.hash, turned);
console.log(JSON.stringify({ near: near.map(({ distance }) => distance), listed: listed?.metadata, same, classes }));
