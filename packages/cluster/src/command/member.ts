/** What the commands have in common that run until they are stopped. */
import type { ClusterEvent, EventListener } from "../events.js";
import type { MetricSource } from "../metrics/members.js";
import type { LinkOptions } from "../net/link.js";
import { addressOf, given, linkOf, linkOptions, type LinkValues, positive } from "./options.js";

/** Options of each of these commands. */
export const memberOptions: typeof linkOptions & { readonly metrics: { readonly type: "string" } } = {
  ...linkOptions,
  metrics: { type: "string" },
};

/** The values of these options. */
interface MemberValues extends LinkValues {
  metrics?: string | undefined;
  /** How many servers keep the streams, of commands that make some. */
  replicas?: string | undefined;
}

/** What every member needs. */
export type MemberLink = LinkOptions & { onEvent: EventListener };

/** A member that runs. */
export interface RunningMember {
  /** Whose metrics are served. It may get more. */
  sources: MetricSource[];
  /** Resolves with a status other than 0 where the member ends by itself. */
  ended?: Promise<number>;
  /** Finishes what is at hand, and ends. */
  end: () => Promise<void>;
}

/** Resolves with 0 at SIGTERM or SIGINT. */
export async function untilSignal(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(0));
  });
}

/**
 * Starts a member, and ends it at SIGTERM or SIGINT. It prints events as lines of JSON. Returns the exit status: 0, or
 * what the member ended with. @throws {UsageError} before anything starts, and what `start` throws.
 */
export async function runMember(
  { metrics, replicas, ...values }: MemberValues,
  start: (link: MemberLink) => Promise<RunningMember>,
): Promise<number> {
  const link = { ...linkOf(values), ...given({ replicas: positive("replicas", replicas) }) };
  const address = metrics === undefined ? undefined : addressOf("metrics", metrics);
  const onEvent = (event: ClusterEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
  const stopped = untilSignal();
  const { sources, ended, end } = await start({ ...link, onEvent });
  try {
    const server = address && (await (await import("../metrics/serve.js")).serveMetrics(sources, address));
    try {
      return await Promise.race([stopped, ...(ended === undefined ? [] : [ended])]);
    } finally {
      server?.close();
    }
  } finally {
    await end();
  }
}
