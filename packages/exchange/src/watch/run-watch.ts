/** Checking what is watched: each host by itself, some hosts at a time. */
import { sniffImage } from "empreinte";
import type { BankStore } from "empreinte/bank";
import { Fetcher } from "empreinte-fetch";
import { type Environment, systemEnvironment } from "../environment.js";
import { codeOf, sentence } from "../errors.js";
import { type Fetched, Host } from "./host.js";
import { type Observation, type WatchItem, type WatchRecord, watched, writeWatch } from "./items.js";
import { judgePage, judgeStatus, type SeenImages } from "./judge.js";
import { imagesOf } from "./page-text.js";

export interface WatchOptions {
  environment?: Environment;
  /** Seconds between two requests to a host. A host's own `Crawl-delay` counts where it is longer. Default 2. */
  pauseSeconds?: number;
  /** How many hosts at a time, 1 … 256. Default 64. */
  hosts?: number;
  /** Items that were checked less than this many seconds ago are left for later. Default 0. */
  intervalSeconds?: number;
  /** Addresses that may be fetched although they are not public, as `Fetcher` takes them. */
  allow?: readonly string[];
  /** The proxy for `.onion` hosts. Without it they are `unreachable`. */
  onionProxy?: string;
  /** Ends the run between two items of each host. */
  stop?: AbortSignal;
  onCheck?: (record: Readonly<WatchRecord>) => void;
}

const mostHistory = 500;
const mostImages = 20;

/** Checks everything that is due once. Answers how many items were checked. Media are in memory while they are compared, and nowhere else. */
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
  const worker = async (): Promise<void> => {
    for (let records = queue.pop(); records !== undefined && !stop?.aborted; records = queue.pop()) {
      const host = new Host({ fetcher, environment, pauseSeconds: options.pauseSeconds ?? 2, signal: stop });
      for (const record of records) {
        if (stop?.aborted) return;
        const seen = await check(store, host, record, environment).catch((error: unknown) =>
          failed(error, environment),
        );
        if (stop?.aborted) return;
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
  for (const record of records) groups.set(hostOf(record), [...(groups.get(hostOf(record)) ?? []), record]);
  return groups;
}

/** A check: what was seen, and what the next request is conditional on. */
interface Seen {
  observation: Observation;
  baseline?: NonNullable<WatchRecord["baseline"]>;
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
  return { observation: { at: now(), state: "unreachable", reason } };
}

async function check(store: BankStore, host: Host, record: WatchRecord, { now }: Environment): Promise<Seen> {
  const { item, baseline, history } = record;
  const seen = (state: Observation["state"], reason: string): Seen => ({ observation: { at: now(), state, reason } });
  if (!(await host.allows(item.address))) return seen("disallowed", "robots.txt does not allow it");
  const last = history.at(-1);
  // A page that was last gone or unclear is judged anew: its host's page for what is missing may have changed.
  const conditional = last?.state === "there" || last?.state === "unchanged" || last?.state === "changed";
  const headers = {
    ...(conditional && baseline?.tag !== undefined && { "if-none-match": baseline.tag }),
    ...(conditional && baseline?.modified !== undefined && { "if-modified-since": baseline.modified }),
  };
  const fetched = await host.fetch(item.address, headers);
  const { page } = fetched;
  if (page.status === 304 && last !== undefined) return seen(last.state, "not modified");
  const byStatus = judgeStatus(page.status);
  if (byStatus !== undefined) return seen(byStatus.state, byStatus.reason);
  const images = await compare(store, host, item, fetched);
  const missing = images.found || page.words === undefined ? undefined : await host.missing(item.address);
  const verdict = judgePage(page, images, missing, baseline);
  const { etag: tag, "last-modified": modified } = fetched.headers;
  const isBaseline = verdict.state === "there" || verdict.state === "unchanged";
  // A page may stay as it is while its images go, so that only files are requested with a condition.
  const isFile = page.words === undefined;
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

/** Compares the image at an address, or the images of a page, with the store. */
async function compare(store: BankStore, host: Host, item: WatchItem, { page, bytes }: Fetched): Promise<SeenImages> {
  const seen: SeenImages = { found: false, compared: 0, failed: 0 };
  const one = async (image: Buffer): Promise<void> => {
    try {
      const { matches } = await store.searchImage(image, { level: "standard" });
      seen.compared++;
      seen.found ||= matches.some(
        ({ entryNumber }) => item.entryNumber === undefined || entryNumber === item.entryNumber,
      );
    } catch {
      seen.failed++; // Not an image that can be decoded. It is counted in the reason.
    }
  };
  if (page.words === undefined) {
    if (sniffImage(bytes) === undefined) seen.failed++;
    else await one(bytes);
    return seen;
  }
  for (const address of imagesOf(bytes.toString("utf8"), page.answered, mostImages)) {
    if (seen.found) break;
    // Images are often at another host. Its pace is that of the page's host.
    const image = await host.fetch(address).catch(() => undefined);
    if (image === undefined || image.page.status !== 200) seen.failed++;
    else await one(image.bytes);
  }
  return seen;
}
