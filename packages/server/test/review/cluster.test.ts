/** The page about the cluster that the service belongs to. */
import { createServer, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { readClusterStatus } from "../../dist/operation/cluster-status.js";
import { reviewServer, type ReviewServer } from "./support.ts";

let server: ReviewServer | undefined;
let source: Server | undefined;
afterEach(async () => {
  await server?.end();
  source?.close();
  [server, source] = [undefined, undefined];
});

const status = {
  store: "known",
  revision: 12,
  curator: { id: "curator-0", epoch: 3 },
  nodes: [
    { id: "node-0", revision: 12, lag: 0, answering: true, reportedSecondsAgo: 1, unacknowledged: 0 },
    { id: "<b>node-1", revision: 9, lag: 3, answering: false, reportedSecondsAgo: 7300, unacknowledged: 2 },
  ],
  queue: { waiting: { high: 1, normal: 40, low: 2 }, delivered: 5, results: 7, deadLetters: 6 },
  rescans: {
    complete: false,
    reportedSecondsAgo: 2,
    shards: [{ shard: 0, size: 1000, revision: 11, target: 12, matches: 17, reason: "absent" }],
  },
};

/** Serves a body as the status of a cluster, and returns its address. */
async function serve(body: () => { code?: number; text: string }): Promise<string> {
  source = createServer((_, response) => {
    const { code = 200, text } = body();
    response.writeHead(code).end(text);
  });
  await new Promise<void>((resolve) => source!.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(source.address() as { port: number }).port}/status`;
}

/** The text of a page without its tags, with one space between words. */
const textOf = (page: string): string => page.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");

test("the page shows nodes, jobs and rescans, and what is wrong, to who may see the dashboard", async () => {
  let text = JSON.stringify(status);
  server = await reviewServer({ clusterStatus: await serve(() => ({ text })) });
  expect((await server.person("ada", "review", "match").get("/review/cluster")).status).toBe(403);
  const lead = server.person("lead", "review", "match", "metrics");
  expect((await lead.get("/review/dashboard")).text).toContain('<a href="/review/cluster">Cluster</a>');
  const page = await lead.get("/review/cluster");
  expect(page.status).toBe(200);
  expect(page.text).not.toContain("<b>node-1");
  const shown = textOf(page.text);
  for (const part of [
    "Curator curator-0",
    "Jobs that wait 43",
    "Jobs with workers 5",
    "Dead letters ▲ 6",
    "node-0 12 0 yes",
    "&lt;b&gt;node-1 9 ▲ 3 ▲ no 2 hours",
    "0 1000 11 17 ▲ absent",
    "▲ Some shards have not searched the last revision.",
  ]) {
    expect(shown).toContain(part);
  }
  const { curator: _, rescans: __, ...less } = status;
  text = JSON.stringify(less);
  const without = textOf((await lead.get("/review/cluster")).text);
  expect(without).toContain("Curator ▲ nobody");
  expect(without).not.toContain("Rescans");
  text = "{}";
  const broken = await lead.get("/review/cluster");
  expect([broken.status, textOf(broken.text)]).toEqual([
    200,
    expect.stringContaining("▲ The status of the cluster cannot"),
  ]);
});

test("without an address there is no page, and no link to it", async () => {
  server = await reviewServer();
  const lead = server.person("lead", "review", "match", "metrics");
  expect((await lead.get("/review/cluster")).status).toBe(404);
  expect((await lead.get("/review/dashboard")).text).not.toContain("/review/cluster");
});

test("a status that is none is refused by what is wrong with it", async () => {
  let answer: { code?: number; text: string } = { text: JSON.stringify(status) };
  const url = await serve(() => answer);
  expect(await readClusterStatus(url)).toEqual(status);
  for (const [code, text, reason] of [
    [503, "{}", "the status of the cluster: 503"],
    [200, "no", "is not JSON"],
    [200, "null", "another form"],
    [200, JSON.stringify({ ...status, revision: -1 }), "another form"],
    [200, JSON.stringify({ ...status, nodes: [{ ...status.nodes[0], answering: "yes" }] }), "another form"],
    [200, " ".repeat(2 ** 22 + 1), "too long"],
  ] as const) {
    answer = { code, text };
    await expect(readClusterStatus(url)).rejects.toThrow(reason);
  }
});
