/** Bodies that are too long, too slow, cut off, or built to do harm. */
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { photograph } from "./support/images.ts";
import { form, testServer, type TestServer } from "./support/server.ts";

let server: TestServer;
let image: Buffer;
beforeAll(async () => {
  image = await photograph(3);
  server = await testServer({
    maxImageBytes: 600_000,
    maxVideoBytes: 700_000,
    maxListBytes: 300_000,
    decodes: 1,
    decodeQueue: 1,
    idleSeconds: 3,
  });
  await server.call("/c/banks", { json: { name: "BANK" } });
});
afterAll(() => server.end());

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A connection, and what came back on it. */
function open(): { socket: Socket; answer: () => string; closed: Promise<unknown> } {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  sockets.push(socket);
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  return { socket, answer: () => text, closed: once(socket, "close") };
}

/** The service is as free as before. */
async function expectFree(): Promise<void> {
  await expect.poll(() => server.service.images.load).toEqual({ running: 0, waiting: 0 });
  await expect.poll(() => server.service.memory.used).toBe(0);
  const fine = await server.call("/h/hash", { body: form({ photo: image }) });
  expect(fine.status, fine.text).toBe(200);
}

describe("a body that is too long", () => {
  test("is 413 by its Content-Length, before anything of it is sent", async () => {
    const { socket, answer } = open();
    const head = "POST /v1/check HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 2147483648\r\n\r\n";
    socket.write(head);
    await expect.poll(answer).toContain("HTTP/1.1 413");
    expect(answer().toLowerCase()).toContain("connection: close");
    await expectFree();
  });

  test("is 413 once too many bytes came, while the client still sends", async () => {
    const { socket, answer } = open();
    socket.write(
      "POST /v1/check?kind=image HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    const chunk = Buffer.alloc(60_000, 1);
    for (let i = 0; i < 12; i++) socket.write(Buffer.concat([Buffer.from("ea60\r\n"), chunk, Buffer.from("\r\n")]));
    await expect.poll(answer).toContain("HTTP/1.1 413");
    expect(answer()).toContain('"code":"ERR_EMPREINTE_TOO_LARGE"');
    await expectFree();
  });

  test("is 413 in a form, in a list and in JSON", async () => {
    const long = new Uint8Array(900_000);
    expect((await server.call("/h/hash", { body: form({ photo: long }) })).status).toBe(413);
    const list = { body: long, headers: { "content-type": "application/octet-stream" } };
    expect((await server.call("/v1/banks/BANK/sources/s/import", list)).status).toBe(413);
    const json = { json: { queries: "x".repeat(2_000_000) } };
    expect((await server.call("/v1/check", json)).status).toBe(413);
    await expectFree();
  });

  test("is refused before the client that waits for 100 Continue sends it", async () => {
    const { socket, answer } = open();
    const head =
      "POST /h/hash HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nExpect: 100-continue\r\n";
    socket.write(`${head}Content-Length: 2000000000\r\n\r\n`);
    await expect.poll(answer).toContain("HTTP/1.1 413");
    expect(answer()).not.toContain("100 Continue");
  });
});

describe("a client that is slow or goes away", () => {
  test("with headers that never end is closed", async () => {
    const { socket, answer, closed } = open();
    socket.write("GET /status HTTP/1.1\r\nHost: x\r\nX-A: ");
    await closed;
    expect(answer()).toMatch(/^(HTTP\/1\.1 408|$)/);
  });

  test("with a body that stops is 408, and holds no decoder", async () => {
    const { socket, answer } = open();
    socket.write("POST /v1/check HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\nabc");
    await expect.poll(answer).toContain("HTTP/1.1 408");
    await expectFree();
  });

  test("that goes away in the middle leaves nothing", async () => {
    const { socket } = open();
    socket.write("POST /v1/check HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 300000\r\n\r\n");
    socket.write(image.subarray(0, 50_000));
    await expect.poll(() => server.service.memory.used).toBeGreaterThan(0);
    socket.destroy();
    await expectFree();
  });

  test("that closes its side after the request still gets its answer", async () => {
    const { socket, answer } = open();
    socket.end("GET /status HTTP/1.1\r\nHost: x\r\n\r\n");
    await expect.poll(answer).toContain("I-AM-ALIVE");
  });

  test("that sends several requests at once gets the answers in their order", async () => {
    const { socket, answer } = open();
    const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    socket.write(get("/status") + get("/livez") + get("/c/banks"));
    await expect.poll(answer).toMatch(/I-AM-ALIVE[^]*alive[^]*BANK/);
  });
});

describe("a body that is built to do harm", () => {
  test("JSON of a million brackets is refused", async () => {
    const body = "[".repeat(900_000);
    for (const path of ["/v1/check", "/m/compare", "/c/banks"]) {
      const answer = await server.call(path, { body, headers: { "content-type": "application/json" } });
      expect(answer.status, path).toBe(400);
    }
  });

  test("__proto__ changes no prototype", async () => {
    const headers = { "content-type": "application/json" };
    const body = '{"name":"PROTO","__proto__":{"enabled":false},"constructor":{"prototype":{"x":1}}}';
    await server.call("/c/banks", { body, headers });
    await server.call("/v1/banks", { body, headers });
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
    expect(({} as Record<string, unknown>)["enabled"]).toBeUndefined();
  });

  test("a form with thousands of parts, or two files, is refused", async () => {
    const part = (i: number): string => `--b\r\nContent-Disposition: form-data; name="f${i}"\r\n\r\nx\r\n`;
    const body = `${Array.from({ length: 5000 }, (_, i) => part(i)).join("")}--b--\r\n`;
    const many = { body, headers: { "content-type": "multipart/form-data; boundary=b" } };
    for (const path of ["/h/hash", "/v1/check"]) {
      const answer = await server.call(path, many);
      expect(answer.status, answer.text).toBe(400);
    }
    const two = new FormData();
    for (let i = 0; i < 2; i++) two.append("photo", new Blob([new Uint8Array(image)]), "x");
    const answer = await server.call("/h/hash", { body: two });
    expect(answer).toMatchObject({ status: 400, body: { message: "Only one file allowed per request" } });
    await expectFree();
  });

  test("a form without its end is refused", async () => {
    const headers = { "content-type": "multipart/form-data; boundary=b" };
    const body = '--b\r\nContent-Disposition: form-data; name="photo"; filename="x"\r\n\r\nabc';
    expect((await server.call("/h/hash", { body, headers })).status).toBe(400);
    await expectFree();
  });
});

test("more images than may wait are 429 with Retry-After, and the others are answered", async () => {
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => server.call("/h/hash", { body: form({ photo: image }) })),
  );
  const refused = answers.filter(({ status }) => status === 429);
  expect(answers.every(({ status }) => status === 200 || status === 429)).toBe(true);
  expect(answers.some(({ status }) => status === 200)).toBe(true);
  expect(refused.every(({ headers }) => Number(headers.get("retry-after")) >= 1)).toBe(true);
  await expectFree();
});

test("no whole hash and no address is in the log or the metrics", async () => {
  const hash = "0123456789abcdef".repeat(4);
  await server.call(`/m/lookup?signal_type=pdq&signal=${hash}&banks=${hash}`);
  await server.call(`/c/bank/${hash}`);
  await server.call(`/${hash}`);
  const refused = await server.call(`/m/lookup?signal_type=${hash}&signal=x`);
  expect(refused.text).not.toContain(hash);
  const { text } = await server.call("/metrics");
  expect(text).toContain("empreinte_http_request_duration_seconds_bucket");
  expect(server.log.join("") + text).not.toMatch(/0123456789abcdef0/);
});
