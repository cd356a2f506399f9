import { parseArgs, type ParseArgsConfig } from "node:util";

/** Wrong usage: the sentence goes to standard error and the exit status is 64, as sysexits.h has it. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig["options"]>;

/** node:util's parseArgs; what it refuses is wrong usage. */
export function parse<T extends Options>(
  args: string[],
  options: T,
): ReturnType<typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>> {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [sentence] = error.message.split(/\.?\n|\. /);
    const dash = /Option '(.*)' argument is ambiguous/.exec(error.message)?.[1];
    throw new UsageError(dash === undefined ? sentence : `A value that begins with a dash is given as ${dash}=VALUE`);
  }
}

/** An option's number: decimal digits, with a fraction only where `whole` is false, in `least … most`. */
export function number(
  name: string,
  text: string | undefined,
  range: { least: number; most?: number; whole?: boolean },
): number | undefined {
  if (text === undefined) return undefined;
  const { least, most = Number.MAX_SAFE_INTEGER, whole = true } = range;
  const value = (whole ? /^\d+$/ : /^\d+(\.\d+)?$/).test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  const kind = whole ? "integer" : "number";
  const bounds = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `between ${least} and ${most}`;
  throw new UsageError(`Expected ${kind} ${bounds} for --${name} but received "${text.slice(0, 20)}"`);
}
