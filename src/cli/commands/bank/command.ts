import { UsageError } from "../../args.js";

const names = "create, import, info, list, policy, withdraw, erase, quarantine, release, export, audit or verify";

/** `empreinte bank` without a command of its own behind it. */
export async function run(args: string[]): Promise<never> {
  const [name] = args;
  if (name === undefined) throw new UsageError(`Expected ${names} behind bank`);
  throw new UsageError(`There is no command "bank ${name.slice(0, 20)}"`);
}
