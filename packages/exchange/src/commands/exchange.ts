/** The command `empreinte exchange`. */
import { BankStore } from "empreinte/bank";
import { openClient, type SourceKind, sourceKinds } from "../clients/kinds.js";
import { systemEnvironment } from "../environment.js";
import { invalid, sentence } from "../errors.js";
import { collectFeedback } from "../outbox/collect.js";
import { type OutboxItem, outboxOf } from "../outbox/outbox.js";
import { sendOutbox } from "../outbox/send.js";
import { collectRetractions, collectSubmissions } from "../outbox/submissions.js";
import { acceptShrinkage } from "../run/shrinkage.js";
import { runAll, type RunOutcome, runSchedule } from "../run/schedule.js";
import { skipTo } from "../run/skip.js";
import { addSource, findSource, removeSource, type SourceSettings, sourcesOf } from "../run/sources.js";
import { conditionOf, readStatus } from "../run/status.js";
import { checkFiles } from "./check.js";
import { remoteKinds } from "../remote/open-remote.js";
import { type Arguments, boolean, readArguments, string, strings } from "./arguments.js";
import { simulate, simulatedKinds } from "./simulate.js";

export const help: string = `empreinte exchange: sources that keep themselves current

  empreinte exchange add STORE --bank BANK --source SOURCE --kind KIND
      [--base ADDRESS|FOLDER] [--secret NAME=WHERE]... [--option NAME=VALUE]...
      [--interval SECONDS] [--feedback]
    KIND is one of ${sourceKinds.join(", ")}.
    WHERE is file:PATH, env:NAME or credential:NAME (systemd).
  empreinte exchange run STORE [--watch] [--whole] [--bank BANK --source SOURCE]
    Fetches what is new, once or (--watch) at each source's interval.
  empreinte exchange retry STORE
    Fetches the sources that failed.
  empreinte exchange status STORE [--json]
  empreinte exchange skip STORE --bank BANK --source SOURCE --to TIME --by NAME --reason TEXT
    Goes past what cannot be read. What changed before TIME may never arrive.
  empreinte exchange accept STORE --bank BANK --source SOURCE --by NAME --reason TEXT
    Accepts that the source's list is much shorter than before: the next run ends what it lacks.
  empreinte exchange feedback STORE [--bank BANK --source SOURCE] [--send]
    Shows what analysts have said and what became of it, or (--send) sends what is pending.
  empreinte exchange submit STORE --bank BANK --source SOURCE --from BANK/SOURCE [--send]
    Shows what of our own source would be submitted, and what would be taken back, or (--send) does it.
    Each later run takes back what is withdrawn by then.
  empreinte exchange remove STORE --bank BANK --source SOURCE
  empreinte exchange check STORE FILE... --kind ${remoteKinds.join("|")} [--base ADDRESS]
      [--secret NAME=WHERE]... [--option send=hashes|file] [--json]
    Decides about images with the store and a matcher elsewhere.
  empreinte exchange simulate ${simulatedKinds.join("|")} [--port PORT] [--entries COUNT] [--fault NAME=SHARE]...

Exit status: 0 done, 1 a source or matcher failed or is stale, 2 wrong arguments.
`;

const options = {
  bank: string,
  source: string,
  kind: string,
  base: string,
  interval: string,
  secret: strings,
  option: strings,
  watch: boolean,
  whole: boolean,
  json: boolean,
  to: string,
  by: string,
  reason: string,
  port: string,
  entries: string,
  fault: strings,
  feedback: boolean,
  send: boolean,
  from: string,
  help: boolean,
};

/** How the command writes. Tests give their own. */
export interface Output {
  write(text: string): void;
  warn(text: string): void;
  /** Aborted when the process is to end. */
  stop: AbortSignal;
}

/** Runs the command and returns its exit status. */
export async function exchangeCommand(args: readonly string[], output: Output): Promise<number> {
  const [name = "help", ...rest] = args;
  try {
    const given = readArguments(rest, options);
    if (name === "help" || name === "--help" || given.flag("help")) {
      output.write(help);
      return 0;
    }
    if (name === "simulate") return await simulate(given, output);
    const command = commands[name];
    if (command === undefined) throw invalid("the command", `one of ${Object.keys(commands).join(", ")}, simulate`);
    const [path] = given.words;
    if (path === undefined) throw invalid("STORE", "the path of a bank store");
    const store = await BankStore.open(path, { actor: "exchange" });
    try {
      return await command(store, given, output);
    } finally {
      await store.close();
    }
  } catch (error) {
    output.warn(`empreinte exchange: ${sentence(error)}\n`);
    return 2;
  }
}

type Command = (store: BankStore, given: Arguments, output: Output) => Promise<number>;

const commands: Record<string, Command | undefined> = {
  add: async (store, given, { write }) => {
    const [base, intervalSeconds] = [given.text("base"), given.number("interval")];
    const { bank, source } = addSource(store, {
      bank: given.needed("bank"),
      source: given.needed("source"),
      kind: given.needed("kind") as SourceKind,
      secrets: given.pairs("secret"),
      options: given.pairs("option"),
      feedback: given.flag("feedback"),
      ...(base !== undefined && { base }),
      ...(intervalSeconds !== undefined && { intervalSeconds }),
    });
    write(`${bank}/${source} is fetched from the next run on\n`);
    return 0;
  },
  remove: async (store, given, { write }) => {
    const [bank, source] = [given.needed("bank"), given.needed("source")];
    findSource(store, bank, source);
    await removeSource(store, bank, source);
    write(`${bank}/${source} is fetched no longer; its entries stay\n`);
    return 0;
  },
  run: async (store, given, output) => {
    const only = selection(store, given);
    const shared = {
      only,
      stop: output.stop,
      whole: given.flag("whole"),
      onRun: report(output),
    };
    if (!given.flag("watch")) return (await runAll(store, shared)) === 0 ? 0 : 1;
    await runSchedule(store, shared);
    return 0;
  },
  retry: async (store, _, output) => {
    const only = (source: SourceSettings): boolean => readStatus(store, source).failure !== undefined;
    return (await runAll(store, {
      only,
      stop: output.stop,
      onRun: report(output),
    })) === 0
      ? 0
      : 1;
  },
  check: checkFiles,
  feedback: async (store, given, output) => {
    let failed = false;
    for (const source of sourcesOf(store).filter(selection(store, given))) {
      if (!source.feedback) continue;
      collectFeedback(store, source, systemEnvironment);
      failed = (await deliver(store, source, given.flag("send"), output, ["feedback"])) || failed;
    }
    return failed ? 1 : 0;
  },
  submit: async (store, given, output) => {
    const to = findSource(store, given.needed("bank"), given.needed("source"));
    const [bank, source] = given.needed("from").split("/");
    if (bank === undefined || source === undefined) throw invalid("--from", "BANK/SOURCE");
    collectSubmissions(store, { bank, source }, to, systemEnvironment);
    collectRetractions(store, to, systemEnvironment);
    return (await deliver(store, to, given.flag("send"), output, ["submit", "retract"])) ? 1 : 0;
  },
  skip: async (store, given, { write }) => {
    given.needed("to");
    const to = given.time("to")!;
    const [bank, source] = [given.needed("bank"), given.needed("source")];
    await skipTo(store, {
      bank,
      source,
      to,
      by: given.needed("by"),
      reason: given.needed("reason"),
    });
    write(`${bank}/${source} continues at ${new Date(to).toISOString()}\n`);
    return 0;
  },
  accept: async (store, given, { write }) => {
    const [bank, source] = [given.needed("bank"), given.needed("source")];
    const entries = acceptShrinkage(store, { bank, source, by: given.needed("by"), reason: given.needed("reason") });
    write(`the next whole list of ${bank}/${source} may end ${entries} entries\n`);
    return 0;
  },
  status: async (store, given, { write }) => {
    const now = Date.now();
    const all = sourcesOf(store).map(({ bank, source, kind, intervalSeconds }) => {
      const status = readStatus(store, { bank, source });
      return {
        bank,
        source,
        kind,
        condition: conditionOf(status, intervalSeconds, now),
        outbox: countsOf(outboxOf(store, { bank, source })),
        ...status,
      };
    });
    if (given.flag("json")) write(`${JSON.stringify(all, undefined, 2)}\n`);
    else for (const one of all) write(statusLines(one, now));
    return all.some(({ condition }) => condition === "stale") ? 1 : 0;
  },
};

/** Sends what is pending, or shows it. Returns whether something was refused or stayed. */
async function deliver(
  store: BankStore,
  settings: SourceSettings,
  send: boolean,
  { write, stop }: Output,
  only: readonly OutboxItem["kind"][],
): Promise<boolean> {
  const client = await openClient(settings, systemEnvironment);
  try {
    const from = { bank: settings.bank, source: settings.source };
    const { items, pending, sent, refused } = await sendOutbox(store, from, client, {
      environment: systemEnvironment,
      dryRun: !send,
      only,
      stop,
    });
    const name = `${from.bank}/${from.source}`;
    for (const { entryNumber, what } of items)
      write(`${name}: entry ${entryNumber}: ${what}${send ? "" : ", not sent"}\n`);
    for (const { kind, entryNumber, state, reason } of outboxOf(store, from)) {
      if (reason !== undefined && only.includes(kind)) write(`${name}: entry ${entryNumber} is ${state}: ${reason}\n`);
    }
    write(`${name}: ${pending} pending, ${sent} sent, ${refused} refused\n`);
    return send && pending + refused > 0;
  } finally {
    await client.close();
  }
}

/** Returns which sources a run is for. @throws {ExchangeError} */
function selection(store: BankStore, given: Arguments): (source: SourceSettings) => boolean {
  const [bank, source] = [given.text("bank"), given.text("source")];
  if (bank === undefined && source === undefined) return () => true;
  const wanted = findSource(store, given.needed("bank"), given.needed("source"));
  return (one) => one.bank === wanted.bank && one.source === wanted.source;
}

function report({ write, warn }: Output): (source: SourceSettings, outcome: RunOutcome) => void {
  return ({ bank, source }, outcome) => {
    if ("code" in outcome) return warn(`${bank}/${source}: ${outcome.reason} (${outcome.code})\n`);
    const { status, complete } = outcome.result;
    const rest = complete ? "" : "; it was stopped and continues with the next run";
    write(
      `${bank}/${source}: ${status.pages} pages, ${status.added} added, ${status.withdrawn} withdrawn so far${rest}\n`,
    );
  };
}

/** Returns how many items of each kind are in each state. */
function countsOf(items: readonly OutboxItem[]): Record<string, Record<string, number>> {
  const counts: Record<string, Record<string, number>> = {};
  for (const { kind, state } of items) {
    const states = (counts[kind] ??= { pending: 0, sent: 0, refused: 0 });
    states[state]!++;
  }
  return counts;
}

type Status = ReturnType<typeof readStatus> & {
  outbox: ReturnType<typeof countsOf>;
  bank: string;
  source: string;
  kind: string;
  condition: string;
};

function statusLines(status: Status, now: number): string {
  const {
    bank,
    source,
    kind,
    condition,
    completeAt,
    failure,
    withdrawalDelay: delay,
    notes,
    outbox,
    skips,
    accepted,
  } = status;
  const age = completeAt === undefined ? "never complete" : `complete ${Math.round((now - completeAt) / 1000)} s ago`;
  const lines = [
    `${bank}/${source} (${kind}): ${condition}, ${age}`,
    `  ${status.added} added, ${status.changed} changed, ${status.withdrawn} withdrawn, ${status.quarantined} quarantined, ${status.problems} problems`,
  ];
  if (delay.count > 0) {
    const mean = Math.round(delay.sum / delay.count / 1000);
    lines.push(`  ${delay.count} withdrawals held after ${mean} s, at most ${Math.round(delay.longest / 1000)} s`);
  }
  for (const [name, { count, reason }] of Object.entries(notes)) lines.push(`  ${name}: ${count}, the last: ${reason}`);
  for (const [kind, { pending, sent, refused }] of Object.entries(outbox)) {
    lines.push(`  ${kind}: ${pending} pending, ${sent} sent, ${refused} refused`);
  }
  if (failure) {
    const since = new Date(failure.since).toISOString();
    lines.push(`  failing since ${since}, ${failure.runs} runs: ${failure.reason} (${failure.code})`);
  }
  if (accepted) lines.push(`  ${accepted.by} accepted that ${accepted.entries} entries end: ${accepted.reason}`);
  for (const { at, to, by, reason } of skips) {
    lines.push(`  ${by} went past to ${new Date(to).toISOString()} on ${new Date(at).toISOString()}: ${reason}`);
  }
  return `${lines.join("\n")}\n`;
}
