/**
 * The status of a cluster, as `empreinte-cluster status --serve` has it. The service knows its form and nothing else of
 * that package.
 */

/** What the page shows of a cluster. */
export interface ClusterStatus {
  store: string;
  revision: number;
  curator?: { id: string } | undefined;
  nodes: { id: string; revision: number; lag: number; answering: boolean; reportedSecondsAgo: number }[];
  queue: { waiting: { high: number; normal: number; low: number }; delivered: number; deadLetters: number };
  rescans?:
    | {
        complete: boolean;
        reportedSecondsAgo: number;
        shards: { shard: number; size: number; revision: number; matches: number; reason?: string | undefined }[];
      }
    | undefined;
}

const waitMilliseconds = 3000;
const mostCharacters = 2 ** 22;

type Check = (value: unknown) => boolean;
const count: Check = (value) => typeof value === "number" && value >= 0;
const text: Check = (value) => typeof value === "string" && value.length <= 1000;
const flag: Check = (value) => typeof value === "boolean";
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const each =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const fields =
  (checks: Record<string, Check>): Check =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(checks).every(([name, check]) => check((value as Record<string, unknown>)[name]));

const isStatus: Check = fields({
  store: text,
  revision: count,
  curator: maybe(fields({ id: text })),
  nodes: each(fields({ id: text, revision: count, lag: count, answering: flag, reportedSecondsAgo: count })),
  queue: fields({ waiting: fields({ high: count, normal: count, low: count }), delivered: count, deadLetters: count }),
  rescans: maybe(
    fields({
      complete: flag,
      reportedSecondsAgo: count,
      shards: each(fields({ shard: count, size: count, revision: count, matches: count, reason: maybe(text) })),
    }),
  ),
});

/** Reads the status. @throws {Error} where its address does not answer in three seconds, or with another form. */
export async function readClusterStatus(url: string): Promise<ClusterStatus> {
  const response = await fetch(url, { signal: AbortSignal.timeout(waitMilliseconds), redirect: "error" });
  if (!response.ok) throw new Error(`the status of the cluster: ${response.status}`);
  let body = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    body += decoder.decode(chunk as Uint8Array, { stream: true });
    if (body.length > mostCharacters) throw new Error("the status of the cluster is too long");
  }
  let status: unknown;
  try {
    status = JSON.parse(body);
  } catch {
    throw new Error("the status of the cluster is not JSON");
  }
  if (!isStatus(status)) throw new Error("the status of the cluster has another form");
  return status as ClusterStatus;
}
