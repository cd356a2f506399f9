/** Checking what is watched: each host by itself, some hosts at a time. */
import type { BankStore } from "empreinte/bank";
import { Fetcher } from "empreinte-fetch";
import { type Environment, systemEnvironment } from "../environment.js";
import { codeOf, sentence } from "../errors.js";
import { compareMedia, type Comparison } from "./compare.js";
import { type Fetched, Host } from "./host.js";
import { type Observation, type WatchRecord, watched, writeWatch } from "./items.js";
import { judgePage, judgeStatus } from "./judge.js";
import { Slots } from "./slots.js";

export interface WatchOptions {
  environment?: Environment;
  /** Seconds between two requests to a host. A host's own `Crawl-delay` counts where it is longer. Default 2. */
  pauseSeconds?: number;
  /** How many hosts at a time, 1 … 256. Default 64. */
  hosts?: number;
  /** Seconds for each request, to its last byte. Default 60. */
  deadlineSeconds?: number;
  /** Items that were checked less than this many seconds ago are left for later. Default 0. */
  intervalSeconds?: number;
  /** Addresses that may be fetched although they are not public, as `Fetcher` takes them. */
  allow?: readonly string[];
  /** The proxy for `.onion` hosts. Without it they are `unreachable`. */
  onionProxy?: string;
  /** Where images are decoded. Default `"process"`, because they are a stranger's: a process that can be ended. */
  isolation?: "none" | "process";
  /** Ends the run between two items of each host. */
  stop?: AbortSignal;
  onCheck?: (record: Readonly<WatchRecord>) => void;
}

const mostHistory = 500;
/** The MiB of bodies of more than 64 KiB that are in memory at a time, and how many videos are decoded. */
const [largeBodies, videos] = [16, 1];
/** After so many requests in a row that came to no end, a host is left alone until the next run. */
const mostTimeouts = 3;

/**
 * Checks everything that is due once. Returns how many items were checked. Media are in memory while they are compared,
 * and nowhere else.
 */
export async function runWatch(store: BankStore, options: WatchOptions = {}): Promise<number> {
  const { environment = systemEnvironment, hosts = 64, intervalSeconds = 0, allow, onionProxy, stop } = options;
  const due = watched(store).filter(
    ({ checkedAt }) => checkedAt === undefined || environment.now() - checkedAt >= 1000 * intervalSeconds,
  );
  const byHost = groupByHost(due);
  const fetcher = new Fetcher({
    ...(allow && { allow }),
    ...(onionProxy !== undefined && { onionProxy }),
    connections: 2,
    userAgent: "empreinte-watch",
  });
  let checked = 0;
  const queue = [...byHost.values()];
  const shared = { largeBodies: new Slots(largeBodies), pauseSeconds: options.pauseSeconds ?? 2 };
  const comparison: Comparison = {
    store,
    videos: new Slots(videos),
    isolation: options.isolation ?? "process",
    signal: stop,
  };
  const worker = async (): Promise<void> => {
    for (let records = queue.pop(); records !== undefined && !stop?.aborted; records = queue.pop()) {
      const { deadlineSeconds = 60 } = options;
      const host = new Host({ fetcher, environment, ...shared, deadlineSeconds, signal: stop });
      let timeouts = 0;
      for (const record of records) {
        if (stop?.aborted) return;
        const seen =
          timeouts < mostTimeouts
            ? await check(comparison, host, record, environment).catch((error: unknown) => failed(error, environment))
            : leftAlone(environment);
        if (stop?.aborted) return;
        timeouts = seen.timeout ? timeouts + 1 : 0;
        const next = after(record, seen);
        writeWatch(store, next);
        checked++;
        options.onCheck?.(next);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(hosts, queue.length) }, worker));
  } finally {
    await fetcher.close();
  }
  return checked;
}

const hostOf = ({ item }: WatchRecord): string => new URL(item.address).host;

function groupByHost(records: readonly WatchRecord[]): Map<string, WatchRecord[]> {
  const groups = new Map<string, WatchRecord[]>();
  for (const record of records) {
    const host = hostOf(record);
    const group = groups.get(host);
    if (group === undefined) groups.set(host, [record]);
    else group.push(record);
  }
  return groups;
}

/** A check: what was seen, and what the next request is conditional on. */
interface Seen {
  observation: Observation;
  baseline?: NonNullable<WatchRecord["baseline"]>;
  /** Whether a request came to no end. */
  timeout?: true;
}

function after(record: WatchRecord, { observation, baseline }: Seen): WatchRecord {
  const { history, checks } = record;
  const same = history.at(-1)?.state === observation.state;
  const kept = same ? history : [...history, observation].slice(-mostHistory);
  return { ...record, history: kept, checks: checks + 1, checkedAt: observation.at, ...(baseline && { baseline }) };
}

function failed(error: unknown, { now }: Environment): Seen {
  const name = codeOf(error).replace("ERR_EMPREINTE_FETCH_", "").toLowerCase();
  const reason = name === "" ? sentence(error) : name;
  const observation = { at: now(), state: "unreachable" as const, reason };
  return { observation, ...(name === "timeout" && { timeout: true }) };
}

function leftAlone({ now }: Environment): Seen {
  const reason = `the host did not answer in time ${mostTimeouts} times in a row`;
  return { observation: { at: now(), state: "unreachable", reason }, timeout: true };
}

async function check(comparison: Comparison, host: Host, record: WatchRecord, environment: Environment): Promise<Seen> {
  const { item, baseline, history } = record;
  if (!(await host.allows(item.address))) {
    return { observation: { at: environment.now(), state: "disallowed", reason: "robots.txt does not allow it" } };
  }
  const last = history.at(-1);
  // A page that was last gone or unclear is judged anew: its host's page for what is missing may have changed.
  const conditional = last?.state === "there" || last?.state === "unchanged" || last?.state === "changed";
  const headers = {
    ...(conditional && baseline?.tag !== undefined && { "if-none-match": baseline.tag }),
    ...(conditional && baseline?.modified !== undefined && { "if-modified-since": baseline.modified }),
  };
  const fetched = await host.fetch(item.address, headers);
  try {
    return await judge(comparison, host, record, fetched, environment);
  } finally {
    fetched.release();
  }
}

async function judge(
  comparison: Comparison,
  host: Host,
  { item, baseline, history }: WatchRecord,
  fetched: Fetched,
  { now }: Environment,
): Promise<Seen> {
  const { page } = fetched;
  const last = history.at(-1);
  const seen = (state: Observation["state"], reason: string): Seen => ({ observation: { at: now(), state, reason } });
  if (page.status === 304 && last !== undefined) return seen(last.state, "not modified");
  const byStatus = judgeStatus(page.status);
  if (byStatus !== undefined) return seen(byStatus.state, byStatus.reason);
  const isFile = page.words === undefined;
  if (isFile && fetched.more) return seen("unclear", "the file is too large to be compared");
  const images = await compareMedia(comparison, host, item, fetched);
  const missing = images.found || isFile ? undefined : await host.missing(item.address);
  const verdict = judgePage(page, images, missing, baseline);
  const { etag: tag, "last-modified": modified } = fetched.headers;
  const isBaseline = verdict.state === "there" || verdict.state === "unchanged";
  // A page may stay as it is while its images go, so that only files are requested with a condition.
  const conditions = {
    ...(isFile && tag !== undefined && { tag }),
    ...(isFile && modified !== undefined && { modified }),
  };
  const first = isBaseline || baseline === undefined ? page.digest : baseline.digest;
  const keeps = verdict.state !== "gone" && verdict.state !== "unclear";
  return {
    ...seen(verdict.state, verdict.reason),
    ...(keeps && { baseline: { digest: first, hadImage: images.found || baseline?.hadImage === true, ...conditions } }),
  };
}
