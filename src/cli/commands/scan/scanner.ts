import type { CopyLevel } from "../../../index.js";
import type { HashVideoOptions, Sampling } from "../../../doors/video.js";
import { eachFile, endStatus } from "../../io/each-file.js";
import type { VideoWork } from "../../io/videos/video-outcomes.js";
import type { ImageWork } from "../../io/image-work.js";
import type { LimitValues, SelectionValues } from "../../io/file-options.js";
import type { Selection } from "../../io/files/selection.js";
import type { Session } from "../../io/session.js";
import { ofPart, printScan, type ScanResult } from "./record.js";

/** The command line of `empreinte scan`. */
export interface ScanInput {
  arguments: { path: string[] };
  options: LimitValues &
    SelectionValues & {
      list: string[];
      index: string[];
      videoSignature: string[];
      bank: string | undefined;
      audit: boolean;
      actor: string | undefined;
      localKey: string | undefined;
      allowTrivialHashes: boolean;
      level: CopyLevel;
      radius: number;
      minQuality: number;
      noOrientations: boolean;
      sampling: string | undefined;
      json: boolean;
      quiet: boolean;
      allPages: boolean;
      embedded: boolean;
      maxPages: number | undefined;
    };
  named: ReadonlySet<string>;
}

/** What both kinds of scans need. */
export interface ScanContext {
  options: ScanInput["options"];
  selection: Selection;
  sampling: Sampling;
  /** Set where altered copies are searched for. */
  copyLevel: CopyLevel | undefined;
  session: Session;
}

/** Compares a file that is hashed already. */
export type Compare = () => Promise<ScanResult>;

/** How files are hashed and compared. */
export interface Scanner {
  images: ImageWork<Compare>;
  video: VideoWork<Compare>;
  videoOptions: HashVideoOptions;
  /** The matches of a file that cannot be decoded, by its bytes. */
  undecodable?: ((path: string) => Promise<ScanResult | undefined>) | undefined;
}

/** Scans the selected files, prints what is found, and returns the exit status. */
export async function runScanner(
  scanner: Scanner,
  { options, selection, session }: ScanContext,
  trouble: boolean,
): Promise<number> {
  let matched = false;
  const { json, quiet } = options;
  if (options.null && !json) session.recordEnd = "\0";
  const done = await eachFile<Compare>(
    {
      selection,
      json,
      quiet,
      session,
      found: async (path, compare, part) => {
        const result = ofPart(await compare(), part);
        matched ||= result.found;
        await printScan(path, result, options, session);
        if (result.failure !== undefined) throw result.failure;
      },
      undecodable: async (path) => {
        const result = await scanner.undecodable?.(path);
        if (result === undefined || result.matches.length === 0) return;
        matched ||= result.found;
        await printScan(path, result, options, session);
      },
    },
    {
      images: scanner.images,
      video: scanner.video,
      videoOptions: scanner.videoOptions,
      rest: options,
    },
  );
  return endStatus(trouble || done.trouble, matched);
}
