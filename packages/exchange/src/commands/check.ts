/** Deciding about files with a store and a matcher elsewhere. */
import { type BankStore, Matcher } from "empreinte/bank";
import { systemEnvironment } from "../environment.js";
import { invalid } from "../errors.js";
import { type CombinedDecision, CombinedMatcher } from "../remote/combined-matcher.js";
import { openRemoteMatcher, type RemoteKind } from "../remote/open-remote.js";
import type { Arguments } from "./arguments.js";
import type { Output } from "./exchange.js";

/** Decides about each file. Answers 1 where a matcher did not answer. @throws {ExchangeError} */
export async function checkFiles(store: BankStore, given: Arguments, { write, stop }: Output): Promise<number> {
  const [, ...files] = given.words;
  if (files.length === 0) throw invalid("FILE", "the path of an image");
  const base = given.text("base");
  const kind = given.needed("kind") as RemoteKind;
  const settings = { kind, secrets: given.pairs("secret"), options: given.pairs("option") };
  const remote = await openRemoteMatcher({ ...settings, ...(base !== undefined && { base }) }, systemEnvironment);
  const matcher = new CombinedMatcher(new Matcher(store), [remote], { audit: store });
  let failed = false;
  try {
    for (const file of files) {
      const decision = await matcher.checkImage(file, { signal: stop, isolation: "process" });
      failed ||= decision.incomplete.length > 0;
      write(given.flag("json") ? jsonLine(file, decision) : lines(file, decision));
    }
  } finally {
    await remote.close();
  }
  return failed ? 1 : 0;
}

/** Returns a decision without the hashes that were looked up. */
function jsonLine(file: string, { action, reasons, local, remote, incomplete }: CombinedDecision): string {
  return `${JSON.stringify({ file, action, reasons, matches: local.matches, remote, incomplete })}\n`;
}

function lines(file: string, { action, reasons, incomplete }: CombinedDecision): string {
  const known = incomplete.length > 0 ? `${action}, incomplete` : action;
  return [`${file}: ${known}`, ...reasons.map((reason) => `  ${reason}`), ""].join("\n");
}
