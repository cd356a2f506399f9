import { otherFeed } from "../attacks/screen.js";
import type { Image } from "../draw/image.js";
import { Random } from "../random.js";
import { chart, conversation, textPage, titleCard } from "./documents.js";
import { fadingScene } from "./edges.js";
import { similarImage, type SimilarKind, similarKinds } from "./similar.js";
import { someScene } from "./scene.js";

/**
 * Images that nobody photographed, for false matches: the structured ones come far nearer to one another than photos.
 */
export const generatedKinds = ["scene", "text", "conversation", "chart", "title", "feed", "edges"] as const;
/** A kind of structured or of similar images. */
export type GeneratedKind = (typeof generatedKinds)[number] | SimilarKind;

const makers: Record<(typeof generatedKinds)[number], (random: Random) => Image | Promise<Image>> = {
  scene: (random) => someScene(random),
  text: textPage,
  conversation,
  chart,
  title: titleCard,
  feed: otherFeed,
  edges: fadingScene,
};

/** Returns the `number`-th image of a kind; the same for the same seed. */
export async function generated(kind: GeneratedKind, number: number, seed: string | number): Promise<Image> {
  if (isSimilar(kind)) return similarImage(kind, number, seed);
  return makers[kind](new Random(seed, "generated", kind, number));
}

const isSimilar = (kind: GeneratedKind): kind is SimilarKind =>
  (similarKinds as readonly GeneratedKind[]).includes(kind);
