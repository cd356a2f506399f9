import { UsageError } from "../../args.js";

/** `empreinte index` without a command of its own behind it. */
export async function run(args: string[]): Promise<never> {
  const [name] = args;
  if (name === undefined) throw new UsageError("Expected build, info, verify or bench behind index");
  throw new UsageError(`There is no command "index ${name.slice(0, 20)}"`);
}
