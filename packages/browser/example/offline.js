// Keeps the files of this page on the device, so that it opens and works without a network. It answers for these files
// only.
const cacheName = "empreinte-1";
const files = [
  "./",
  "index.html",
  "style.css",
  "app.js",
  "case.js",
  "texts.js",
  "empreinte/index.js",
  "empreinte/errors.js",
  "empreinte/results.js",
  "empreinte/page/hasher.js",
  "empreinte/page/options.js",
  "empreinte/page/places.js",
  "empreinte/page/worker-client.js",
  "empreinte/worker.js",
  "empreinte/wasm/empreinte.wasm",
  "empreinte/wasm/empreinte-simd.wasm",
  "empreinte/decoders/webp_dec.wasm",
  "empreinte/decoders/libheif.mjs",
  "empreinte/decoders/video.mjs",
];

addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(cacheName)
      .then((cache) => cache.addAll(files))
      .then(() => skipWaiting()),
  );
});

addEventListener("activate", (event) => {
  const old = caches
    .keys()
    .then((names) => Promise.all(names.filter((name) => name !== cacheName).map((name) => caches.delete(name))));
  event.waitUntil(old.then(() => clients.claim()));
});

addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  event.respondWith(caches.match(event.request, { ignoreSearch: true }).then((found) => found ?? fetch(event.request)));
});
