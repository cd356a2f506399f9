import { hashWithCrops, HashIndex } from "../../index.js";
import { LocalIndex, registerLocal } from "../../doors/local.js";
import { similarImage, similarKinds } from "../generated/similar.js";
import { matchRadius, reviewRadius } from "../../thresholds.js";
import { searchIn } from "./copies.js";
import type { EvaluationMethod } from "./method.js";

/**
 * Measures the search for altered copies at level `"thorough"` with the local points of every listed image, which are
 * searched where nothing sure was found. Beside `registeredMethod` it shows what they add and cost.
 *
 * @param options `crops`: whether the images were also added with the hashes of their crops. Default true. `most`: the
 * most local points of an image, 1 … 400. Default 200. `benign`: how many generated interfaces, forms, captions and
 * textures of each kind are made benign, beside the images that come with the library. Default 0. `shipped`: whether
 * those that come with the library are benign. Default true.
 *
 * @example
 * const report = await evaluate("photos", { attacks: ["local"], methods: [registeredMethod(), localMethod()] });
 */
export function localMethod({
  crops = true,
  most = 200,
  benign = 0,
  shipped = true,
}: { crops?: boolean; most?: number; benign?: number; shipped?: boolean } = {}): EvaluationMethod {
  let index: HashIndex | undefined;
  let local: LocalIndex | undefined;
  return {
    name: crops ? "local" : "local-without-crops",
    version: `most ${most}, benign ${benign}${shipped ? "" : ", none shipped"}`,
    bits: 256,
    radius: matchRadius,
    reviewRadius,
    async prepare(list) {
      index = new HashIndex({ memory: "rows" });
      local = new LocalIndex();
      if (shipped) await local.benignShipped();
      for (const kind of similarKinds) {
        for (let number = 0; number < benign; number++) {
          const { data, width, height } = await similarImage(kind, number, "benign");
          local.benign(await registerLocal({ data, width, height, channels: 3 }, { most: 400 }));
        }
      }
      for (const [listIndex, { name, hash, bytes }] of list.entries()) {
        const image = await bytes();
        if (crops) index.addWithCrops(listIndex, await hashWithCrops(image, { level: "thorough", name }));
        else index.add(listIndex, hash);
        local.add(listIndex, await registerLocal(image, { most, name }));
      }
    },
    find: (query) => searchIn(index!, query, { level: "thorough", local: local! }),
    close() {
      index?.close();
      local?.close();
    },
  };
}
