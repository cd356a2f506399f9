/** Case files as the example page of `empreinte-browser` makes them, by its description in docs/browser.md. */
import { createHash, randomBytes } from "node:crypto";

interface Item {
  image?: object;
  video?: object;
}

export const makeCode = (): string =>
  Array.from(randomBytes(26), (byte) => "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"[byte % 32]!)
    .join("")
    .match(/.{1,5}/g)!
    .join("-");

export function makeCase(items: readonly Item[], code: string): object {
  const signs = code.replaceAll("-", "");
  return {
    format: "empreinte-case",
    version: 1,
    withdrawal: createHash("sha256").update(`empreinte withdrawal ${signs}`).digest("hex"),
    images: items.flatMap(({ image }) => image ?? []),
    videos: items.flatMap(({ video }) => video ?? []),
  };
}
