import { hardenDecoder, tuneProcess } from "../../../index.js";
import { samplingOf } from "../../io/videos/sampling.js";
import { selectionOf } from "../../io/files/selection.js";
import type { Session } from "../../io/session.js";
import { UsageError } from "../../table/parse.js";
import { scanBank } from "./scan-bank.js";
import { scanLists } from "./scan-lists.js";
import type { ScanContext, ScanInput } from "./scanner.js";

/** Options that go with the level `fast` only: the other levels have radii of their own. */
const fastOnly = ["radius", "min-quality", "no-orientations"];

/** @throws {UsageError} if options do not go together. */
function contextOf({ arguments: { path }, options, named }: ScanInput, session: Session): ScanContext {
  const known = ["list", "index", "video-signature", "bank"];
  if (!known.some((name) => named.has(name))) {
    throw new UsageError("No --list, --index, --video-signature or --bank is given");
  }
  const copyLevel = options.level === "fast" ? undefined : options.level;
  const clash = copyLevel && fastOnly.find((name) => named.has(name));
  if (clash !== undefined) throw new UsageError(`--${clash} does not go with --level ${options.level}`);
  const selection = selectionOf(path, options, session.stdin);
  return { options, selection, sampling: samplingOf(options.sampling, "all"), copyLevel, session };
}

/** Scans files as the command line says, and returns the exit status. */
export async function scanFiles(input: ScanInput, session: Session): Promise<number> {
  const context = contextOf(input, session);
  hardenDecoder();
  tuneProcess();
  const { bank } = context.options;
  return bank === undefined ? scanLists(context) : scanBank(bank, context);
}
