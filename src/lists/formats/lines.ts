/** Lists of lines. The first line that is either a plain line or a signal line decides between the two formats. */
import type { Head } from "../head.js";

const hash = String.raw`(?:0x)?[0-9a-f]{64}|[a-z0-9+/_-]{43}=?`;
const plainLine = new RegExp(`^\\s*"?(?:${hash})"?\\s*(?:,|$)`, "i");
const signalLine = /^[a-z][a-z0-9_]{1,40} [0-9a-z+/=_-]{16,}\s*$/i;
/** Types of python-threatexchange whose signals are text of any kind. */
const textLine = /^(?:url [^\s]+|(?:raw_text|trend_query|text_tlsh|tlsh_pdf) .*\S)\s*$/i;
/** What the command `hash` prints: `<hash>  <quality>  <path>`, or an object with them. */
const hashedLine = /^\\?[0-9a-f]{64} {2}\d{1,3} {2}\S|^\{"path":".*"hash":"[0-9a-f]{64}"/;

function firstKnownLine({ kind, lines }: Head): "plain" | "signal" | undefined {
  if (kind !== "text") return undefined;
  for (const line of lines) {
    if (plainLine.test(line)) return "plain";
    if (signalLine.test(line) || textLine.test(line)) return "signal";
  }
  return undefined;
}

/** Returns true for lines `<hash>` or `<hash>,<metadata>`. */
export const isPlainList = (head: Head): boolean => firstKnownLine(head) === "plain";

/** True for lines `<signal type> <signal>`. */
export const isSignalList = (head: Head): boolean => firstKnownLine(head) === "signal";

/** True for the output of the command `hash`. */
export const isHashOutput = ({ firstLine }: Head): boolean => hashedLine.test(firstLine);
