import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { root } from "../../../test/support/run.ts";
import { Fetcher, type FetcherOptions } from "../src/index.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

interface Site {
  origin: string;
  port: number;
  /** What arrived, in order. */
  requests: IncomingMessage[];
}

async function serve(answer: RequestListener): Promise<Site> {
  const requests: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, port, requests };
}

function fetcherOf(options: FetcherOptions = { allow: ["127.0.0.1"] }): Fetcher {
  const fetcher = new Fetcher(options);
  closing.push(() => fetcher.close());
  return fetcher;
}

const code = (name: string): unknown => expect.objectContaining({ code: `ERR_EMPREINTE_${name}` });

test("an allowed address is fetched, with its status, headers and bytes", async () => {
  const { origin } = await serve((_, response) => response.writeHead(404, { "x-a": "1" }).end("none"));
  const response = await fetcherOf().fetch(`${origin}/path?q#fragment`);
  expect(response).toMatchObject({ status: 404, url: `${origin}/path?q`, redirects: [] });
  expect(response.headers["x-a"]).toBe("1");
  expect(await response.text()).toBe("none");
});

test.each(["http://127.0.0.1", "http://2130706433", "http://0x7f.1", "http://[::ffff:127.0.0.1]"])(
  "%s is off limits by default, and no connection is made",
  async (host) => {
    const { port, requests } = await serve((_, response) => response.end());
    await expect(fetcherOf({}).fetch(`${host}:${port}/`)).rejects.toThrow(code("FETCH_ADDRESS"));
    expect(requests).toHaveLength(0);
  },
);

test("a name is off limits when it resolves to loopback", async () => {
  const { port, requests } = await serve((_, response) => response.end());
  await expect(fetcherOf({}).fetch(`http://localhost:${port}/`)).rejects.toThrow(code("FETCH_ADDRESS"));
  expect(requests).toHaveLength(0);
});

test("a name is fetched where all of its addresses are allowed", async () => {
  const { port, requests } = await serve((_, response) => response.end());
  const both = fetcherOf({ allow: ["127.0.0.0/8", "::1"] });
  expect((await both.fetch(`http://localhost:${port}/`)).status).toBe(200);
  expect(requests).toHaveLength(1);
});

test.each([
  ["ftp://example.org/", "FETCH_URL"],
  ["file:///etc/passwd", "FETCH_URL"],
  ["not an address", "FETCH_URL"],
  ["http://user:secret@example.org/", "FETCH_URL"],
  ["http://example.org:25/", "FETCH_URL"],
  ["http://example.onion/", "FETCH_ADDRESS"],
])("%s is refused without a connection", async (address, name) => {
  await expect(fetcherOf().fetch(address)).rejects.toThrow(code(name));
});

test("redirects are followed by hand, and secrets stay with their origin", async () => {
  const target = await serve((_, response) => response.end("here"));
  const site = await serve(({ url }, response) => {
    const to = url === "/a" ? "/b" : `${target.origin}/c`;
    response.writeHead(302, { location: to }).end();
  });
  const headers = { authorization: "Basic x", "X-Functions-Key": "k", "x-plain": "p" };
  const response = await fetcherOf().fetch(`${site.origin}/a`, { headers });
  expect(response).toMatchObject({ url: `${target.origin}/c`, redirects: [`${site.origin}/a`, `${site.origin}/b`] });
  expect(site.requests[1]!.headers).toMatchObject({ authorization: "Basic x", "x-functions-key": "k" });
  expect(target.requests[0]!.headers).not.toHaveProperty("authorization");
  expect(target.requests[0]!.headers).not.toHaveProperty("x-functions-key");
  expect(target.requests[0]!.headers).toHaveProperty("x-plain", "p");
});

test("a redirect to an internal address is refused, also one to a trusted origin", async () => {
  const internal = await serve((_, response) => response.end("secret"));
  const site = await serve((_, response) => response.writeHead(302, { location: internal.origin }).end());
  const trusting = fetcherOf({ trustedOrigins: [site.origin, internal.origin] });
  await expect(trusting.fetch(site.origin)).rejects.toThrow(code("FETCH_ADDRESS"));
  expect(internal.requests).toHaveLength(0);
  expect(await (await trusting.fetch(internal.origin)).text()).toBe("secret");
});

test.each([
  ["a loop", "/", {}],
  ["no redirect allowed", "/x", { maxRedirects: 0 }],
  ["another protocol", "file:///etc/passwd", {}],
  ["a request that changes something", "/x", { method: "POST" as const, body: "b" }],
])("a redirect is an error: %s", async (_, location, options) => {
  const { origin } = await serve((__, response) => response.writeHead(302, { location }).end());
  await expect(fetcherOf().fetch(origin, options)).rejects.toThrow(/redirects|not fetched/);
});

test("a redirect without a location is an error", async () => {
  const { origin } = await serve((_, response) => response.writeHead(302).end());
  await expect(fetcherOf().fetch(origin)).rejects.toThrow(code("FETCH_REDIRECT"));
});

test.each([
  ["an announced length", (size: number) => ({ "content-length": String(size) })],
  ["no announced length", () => ({})],
])("a body that is too large is refused: %s", async (_, headers) => {
  const { origin } = await serve((__, response) => response.writeHead(200, headers(1001)).end(Buffer.alloc(1001)));
  const read = async (maxBytes: number): Promise<number> => {
    return (await (await fetcherOf().fetch(origin, { maxBytes })).bytes()).length;
  };
  await expect(read(1000)).rejects.toThrow(code("FETCH_LIMIT"));
  expect(await read(1001)).toBe(1001);
});

test("encodings are undone, and a bomb is stopped by the limit", async () => {
  const { origin } = await serve(({ url }, response) => {
    const content = Buffer.alloc(url === "/bomb" ? 2 ** 24 : 1000, "a");
    if (url === "/br") response.writeHead(200, { "content-encoding": "br" }).end(brotliCompressSync(content));
    else response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(content));
  });
  const fetcher = fetcherOf();
  for (const path of ["/gzip", "/br"]) {
    expect((await (await fetcher.fetch(origin + path)).text()).replaceAll("a", "")).toBe("");
  }
  const bomb = await fetcher.fetch(`${origin}/bomb`, { maxBytes: 2 ** 20 });
  await expect(bomb.bytes()).rejects.toThrow(code("FETCH_LIMIT"));
});

test.each([
  ["unknown", "zstd2", Buffer.from("x")],
  ["damaged", "gzip", Buffer.from("not gzip at all")],
  ["truncated", "gzip", gzipSync(Buffer.alloc(1000, "ab")).subarray(0, 20)],
])("an encoding is an error: %s", async (_, encoding, content) => {
  const { origin } = await serve((__, response) =>
    response.writeHead(200, { "content-encoding": encoding }).end(content),
  );
  const read = async (): Promise<Buffer> => (await fetcherOf().fetch(origin)).bytes();
  await expect(read()).rejects.toThrow(code("FETCH_ENCODING"));
});

test("an answer without a body may name an encoding and a length", async () => {
  const headers = { "content-encoding": "gzip", "content-length": "99999" };
  const { origin } = await serve((_, response) => response.writeHead(200, headers).end());
  const response = await fetcherOf().fetch(origin, { method: "HEAD", maxBytes: 10 });
  expect((await response.bytes()).length).toBe(0);
});

test("the deadline ends a host that never answers and one that drips", async () => {
  const { origin } = await serve(({ url }, response) => {
    if (url === "/silent") return;
    response.writeHead(200);
    const timer = setInterval(() => response.write("x"), 5);
    response.on("close", () => clearInterval(timer));
  });
  const fetcher = fetcherOf();
  const options = { deadlineSeconds: 0.2 };
  await expect(fetcher.fetch(`${origin}/silent`, options)).rejects.toThrow(code("FETCH_TIMEOUT"));
  const drip = await fetcher.fetch(`${origin}/drip`, options);
  await expect(drip.bytes()).rejects.toThrow(code("FETCH_TIMEOUT"));
});

test("a body that nobody reads is ended by the deadline, and nothing is thrown", async () => {
  let closed: Promise<unknown> | undefined;
  const { origin } = await serve((_, response) => {
    response.writeHead(200).write("x");
    closed = once(response, "close");
  });
  await fetcherOf().fetch(origin, { deadlineSeconds: 0.1 });
  await closed;
});

test("a caller ends a fetch with a reason of its own, before the answer and during the body", async () => {
  const { origin } = await serve(({ url }, response) => {
    if (url === "/body") response.writeHead(200).write("x");
  });
  const fetcher = fetcherOf();
  const before = new AbortController();
  const pending = fetcher.fetch(origin, { signal: before.signal });
  before.abort(new Error("enough"));
  await expect(pending).rejects.toThrow("enough");
  const during = new AbortController();
  const response = await fetcher.fetch(`${origin}/body`, { signal: during.signal });
  const reading = response.bytes();
  during.abort(new Error("enough"));
  await expect(reading).rejects.toThrow("enough");
});

test("a body that ends early is an error, not a short body", async () => {
  const server = createTcpServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const response = await fetcherOf().fetch(`http://127.0.0.1:${port}/`);
  await expect(response.bytes()).rejects.toThrow(code("FETCH_NETWORK"));
});

test("errors name the host and neither path nor query", async () => {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  const failed = fetcherOf().fetch(`http://127.0.0.1:${port}/secret-path?access_token=secret`);
  const error = await failed.then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  expect(error).toMatchObject({ code: "ERR_EMPREINTE_FETCH_NETWORK" });
  expect(`${error?.message} ${String(error?.cause)}`).not.toContain("secret");
  expect(error?.message).toContain("127.0.0.1");
});

test("an onion host is fetched through the proxy that the operator names, and no other host is", async () => {
  const hidden = await serve((_, response) => response.end("hidden"));
  const tunnels: string[] = [];
  const proxy = createServer().listen(0, "127.0.0.1");
  proxy.on("connect", (request, socket) => {
    tunnels.push(request.url!);
    const upstream = connect(hidden.port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    for (const one of [upstream, socket]) one.on("error", () => undefined);
  });
  await once(proxy, "listening");
  closing.push(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const { port } = proxy.address() as AddressInfo;
  const fetcher = fetcherOf({ allow: ["127.0.0.1"], onionProxy: `http://127.0.0.1:${port}` });
  expect(await (await fetcher.fetch("http://abc.onion/")).text()).toBe("hidden");
  expect(await (await fetcher.fetch(hidden.origin)).text()).toBe("hidden");
  expect(tunnels).toEqual(["abc.onion:80"]);
});

test.each([
  [{ deadlineSeconds: 0 }, "deadlineSeconds"],
  [{ maxBytes: -1 }, "maxBytes"],
  [{ maxRedirects: 21 }, "maxRedirects"],
  [{ method: "TRACE" as "GET" }, "method"],
])("%j is refused by its name", async (options, name) => {
  await expect(fetcherOf().fetch("http://127.0.0.1/", options)).rejects.toThrow(name);
});

test("undici is loaded at the first fetch, and a closed fetcher fetches nothing", () => {
  const code = `
    import { Fetcher } from "empreinte-fetch";
    import { createRequire } from "node:module";
    const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes("undici"));
    const before = loaded();
    const fetcher = new Fetcher({ allow: ["127.0.0.1"] });
    const made = loaded();
    const refused = await fetcher.fetch("http://127.0.0.1:9/").catch(({ code }) => code);
    await fetcher.close();
    const closed = await fetcher.fetch("http://127.0.0.1:9/").catch(({ message }) => message);
    await new Fetcher().close();
    console.log(JSON.stringify([before, made, loaded(), refused, closed]));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    cwd: root,
    encoding: "utf8",
  });
  expect(JSON.parse(stdout || "null"), stderr).toEqual([
    false,
    false,
    true,
    "ERR_EMPREINTE_FETCH_NETWORK",
    "127.0.0.1: the fetcher is closed",
  ]);
});
