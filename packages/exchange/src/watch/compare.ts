/** Whether known content is at an address: images and videos, in memory while they are compared, and nowhere else. */
import { createHash } from "node:crypto";
import { type FileDigests, sniffImage } from "empreinte";
import { type BankStore, type Decision, Matcher } from "empreinte/bank";
import { sniffVideo } from "empreinte/video";
import { codeOf } from "../errors.js";
import type { Fetched, Host } from "./host.js";
import type { WatchItem } from "./items.js";
import type { SeenImages } from "./judge.js";
import { bytesInPage } from "./page-media.js";
import type { Slots } from "./slots.js";

/** What comparing needs. */
export interface Comparison {
  store: BankStore;
  /** How many videos are decoded at a time. */
  videos: Slots;
  /** Where images are decoded: they are a stranger's. */
  isolation: "none" | "process";
  signal: AbortSignal | undefined;
}

/** Compares the file at an address, or the images and videos of a page, with the store. */
export async function compareMedia(
  comparison: Comparison,
  host: Host,
  item: WatchItem,
  { page, bytes, media, more }: Fetched,
): Promise<SeenImages> {
  const seen: SeenImages = { found: false, compared: 0, failed: 0 };
  if (page.words === undefined) {
    if (!more) await compareFile(comparison, item, bytes, seen);
    return seen;
  }
  for (const address of media) {
    if (seen.found) break;
    const written = bytesInPage(address);
    if (written !== undefined) {
      await compareFile(comparison, item, written, seen);
      continue;
    }
    // Media are often at another host. Its pace is that of the page's host.
    const file = await host.fetch(address).catch(() => {
      comparison.signal?.throwIfAborted();
      return undefined; // It counts as failed.
    });
    if (file?.page.status === 200 && !file.more) await compareFile(comparison, item, file.bytes, seen);
    else seen.failed++;
    file?.release();
  }
  return seen;
}

async function compareFile(comparison: Comparison, item: WatchItem, bytes: Buffer, seen: SeenImages): Promise<void> {
  try {
    const compare =
      sniffImage(bytes) !== undefined ? searchImage : sniffVideo(bytes) !== undefined ? checkVideo : undefined;
    const found = await compare?.(comparison, bytes);
    if (found === undefined) seen.failed++;
    else seen.compared++;
    seen.found ||= found?.some((entry) => item.entryNumber === undefined || entry === item.entryNumber) ?? false;
  } catch {
    comparison.signal?.throwIfAborted();
    seen.failed++; // It cannot be decoded. It is counted in the reason.
  }
}

/** Returns the entries that an image shows. */
async function searchImage({ store, isolation }: Comparison, bytes: Buffer): Promise<number[]> {
  const { matches } = await store.searchImage(bytes, { level: "standard", isolation });
  return matches.map(({ entryNumber }) => entryNumber);
}

/** Returns the entries of whose videos or images a video has some. Without ffmpeg, those with the same bytes. */
async function checkVideo({ store, videos, signal }: Comparison, bytes: Buffer): Promise<number[]> {
  const matcher = new Matcher(store);
  const release = await videos.take(signal);
  try {
    return entriesOf(await matcher.checkVideo(bytes, { level: "standard", ...(signal && { signal }) }));
  } catch (error) {
    if (codeOf(error) !== "ERR_EMPREINTE_VIDEO_FFMPEG") throw error;
    const same = entriesOf(matcher.check({ digests: digestsOf(bytes) }));
    // That no entry has the same bytes does not say that none has the video.
    if (same.length === 0) throw error;
    return same;
  } finally {
    release();
  }
}

function digestsOf(bytes: Buffer): FileDigests {
  const [md5 = "", sha1 = "", sha256 = ""] = ["md5", "sha1", "sha256"].map((name) =>
    createHash(name).update(bytes).digest("hex"),
  );
  return { md5, sha1, sha256 };
}

const entriesOf = ({ matches }: Decision): number[] =>
  matches.filter(({ negative, suppressed }) => !negative && !suppressed).map(({ entryNumber }) => entryNumber);
