// Makes the files that a page loads of what tsc compiled: dist/worker.js, and dist/decoders/ with the decoders that are
// loaded when a file needs them. None of them imports another package.
import { copyFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const needed = ["esbuild", "mediabunny", "libheif-js/package.json", "@jsquash/webp/package.json"];
const missing = needed.filter((name) => {
  try {
    return require.resolve(name) === undefined;
  } catch {
    return true;
  }
});
if (missing.length > 0) {
  console.log(`skipped: the files of packages/browser for a page need ${missing.join(", ")} (npm install)`);
  process.exit(process.argv.includes("--required") ? 1 : 0);
}
const { build } = await import("esbuild");
const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const decoders = join(dist, "decoders");
mkdirSync(decoders, { recursive: true });

// Space is left as it is, because only so the comments stay that keep bundlers from changing an import by its place.
const options = {
  bundle: true,
  format: "esm",
  target: "es2022",
  minifySyntax: true,
  minifyIdentifiers: true,
  legalComments: "eof",
  logLevel: "warning",
};
await build({
  ...options,
  entryPoints: [join(dist, "worker/main.js")],
  outfile: join(dist, "worker.js"),
  // libwebp's loader would look for its file beside itself; the page says where it is.
  define: { "import.meta.url": '"https://example.invalid/"' },
});
await build({
  ...options,
  entryPoints: [join(dist, "video/hash-video.js")],
  outfile: join(decoders, "video.mjs"),
});

const heif = dirname(require.resolve("libheif-js/package.json"));
const webp = dirname(require.resolve("@jsquash/webp/package.json"));
for (const [from, to] of [
  // libheif is LGPL: it stays a file of its own, unchanged, that can be replaced.
  [join(heif, "libheif-wasm/libheif-bundle.mjs"), "libheif.mjs"],
  [join(heif, "libheif-wasm/LICENSE"), "libheif.LICENSE"],
  [join(webp, "codec/dec/webp_dec.wasm"), "webp_dec.wasm"],
  [join(webp, "codec/LICENSE.codec.md"), "webp_dec.LICENSE.md"],
])
  copyFileSync(from, join(decoders, to));
