// How fast a page hashes, beside the library in this process: npm run bench:browser [-- --quick]. Chromium is Debian's.
// Every figure of pixels is the fastest of its rounds, after the browser has compiled the core; every one of a file is
// the median. The same run measures a peer's way: the image drawn to a canvas of 512×512 and read back, with its drift
// in bits from the hash of the library.
import { readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { hashImage, hashPixelsSync, diagnose } from "empreinte";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { makeInput } from "../fixtures/kat/inputs.mjs";
import { median } from "./lib.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const quick = process.argv.includes("--quick");
const rounds = quick ? 5 : 25;
const types = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".html": "text/html",
};

async function timed(work, count) {
  const times = [];
  for (let i = 0; i < count; i++) {
    const from = performance.now();
    await work();
    times.push(performance.now() - from);
  }
  return { median: median(times), fastest: Math.min(...times) };
}

function scene(width, height, seed) {
  const planes = [0, 1, 2].map((k) => ({ gen: "scene", args: { seed: seed + k } }));
  return makeInput({ width, height, channels: 3, planes });
}

const small = { data: scene(1024, 768, 1), width: 1024, height: 768, channels: 3 };
// Twelve megapixels of a smaller scene, because making noise takes longer than hashing it.
const [width, height] = quick ? [2000, 1500] : [4000, 3000];
const large = await sharp(small.data, { raw: { width: 1024, height: 768, channels: 3 } })
  .resize(width, height)
  .jpeg({ quality: 85 })
  .toBuffer();

const page = `<!doctype html><meta charset="utf-8"><title>bench</title><script type="module" src="/bench.js"></script>`;
const script = `
import { Hasher } from "/package/dist/index.js";
import { startCore } from "/package/dist/core/module.js";
import { hashPlaced, place } from "/package/dist/core/hash.js";
const median = ${median};
${timed}
const bytesOf = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
const hasher = new Hasher();
window.core = async (name, method, rounds) => {
  const core = await startCore(await bytesOf("/package/dist/wasm/" + name));
  const pixels = { at: place(core, await bytesOf("/small")), width: 1024, height: 768, channels: 3 };
  let found;
  const { fastest: time } = await timed(() => (found = hashPlaced(core, pixels, { orientations: false, method })), rounds);
  return { time, hash: found.hash };
};
window.file = async (rounds) => {
  const blob = new Blob([await bytesOf("/large")]);
  let found;
  const { median: time } = await timed(async () => (found = await hasher.hashImage(blob)), rounds);
  return { time, hash: found.hash };
};
window.canvas = async (rounds) => {
  const blob = new Blob([await bytesOf("/large")], { type: "image/jpeg" });
  let found;
  const { median: time } = await timed(async () => {
    const bitmap = await createImageBitmap(blob);
    const canvas = new OffscreenCanvas(512, 512);
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0, 512, 512);
    const { data } = context.getImageData(0, 0, 512, 512);
    found = await hasher.hashPixels({ data, width: 512, height: 512, channels: 4 });
  }, rounds);
  return { time, hash: found.hash };
};
document.title = "ready";
`;
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  const given = { "/": page, "/bench.js": script, "/small": small.data, "/large": large }[pathname];
  try {
    const bytes =
      given ?? readFileSync(join(root, "packages/browser", normalize(pathname.replace(/^\/package\//, "/"))));
    response.writeHead(200, { "content-type": pathname === "/" ? types[".html"] : (types[extname(pathname)] ?? "") });
    response.end(bytes);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const distance = (a, b) => {
  let bits = 0;
  for (let x = BigInt(`0x${a}`) ^ BigInt(`0x${b}`); x > 0n; x >>= 1n) bits += Number(x & 1n);
  return bits;
};
const ms = (value) => `${value.toFixed(2)} ms`;

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
try {
  const tab = await browser.newPage();
  await tab.goto(`http://127.0.0.1:${server.address().port}/`);
  await tab.waitForFunction("document.title === 'ready'");
  const kernels = (await diagnose()).kernels.filter(({ supported }) => supported).map(({ name }) => name);
  console.log(
    `${cpus()[0].model}, ${cpus().length} threads, load ${loadavg()[0].toFixed(1)}, Chromium ${browser.version()}`,
  );

  console.log("\n1024×768 RGB, pixels to hash");
  const native = {};
  for (const kernel of kernels)
    for (const method of ["auto", "exact"]) {
      hashPixelsSync(small, { kernel, method });
      native[`${kernel} ${method}`] = (await timed(() => hashPixelsSync(small, { kernel, method }), 100)).fastest;
      console.log(`  library, ${kernel}, ${method}: ${ms(native[`${kernel} ${method}`])}`);
    }
  const wanted = hashPixelsSync(small).hash;
  for (const name of ["empreinte-simd.wasm", "empreinte.wasm"])
    for (const method of ["auto", "exact"]) {
      const { time, hash } = await tab.evaluate(
        `window.core(${JSON.stringify(name)}, ${JSON.stringify(method)}, ${10 * rounds})`,
      );
      const ratio = (time / native[`portable ${method}`]).toFixed(2);
      console.log(
        `  ${name}, ${method}: ${ms(time)}, ${ratio} of the portable kernel, ${hash === wanted ? "equal" : "DIFFERENT"}`,
      );
    }

  console.log(`\nA JPEG of ${width}×${height}, file to hash`);
  const count = Math.max(3, rounds >> 2);
  const there = await hashImage(large);
  const { median: own } = await timed(() => hashImage(large), count);
  console.log(`  library: ${ms(own)}`);
  const here = await tab.evaluate(`window.file(${count})`);
  console.log(
    `  page: ${ms(here.time)}, ${(here.time / own).toFixed(2)} of the library, ${distance(here.hash, there.hash)} bits off`,
  );
  const canvas = await tab.evaluate(`window.canvas(${count})`);
  console.log(`  canvas of 512×512: ${ms(canvas.time)}, ${distance(canvas.hash, there.hash)} bits off`);
} finally {
  await browser.close();
  server.close();
}
