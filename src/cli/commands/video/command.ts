import { UsageError } from "../../args.js";

/** `empreinte video` without a command of its own behind it. */
export async function run(args: string[]): Promise<never> {
  const [name] = args;
  if (name === undefined) throw new UsageError("Expected match behind video");
  throw new UsageError(`There is no command "video ${name.slice(0, 20)}"`);
}
