import { UsageError } from "../../args.js";

/** `empreinte list` without a command of its own behind it. */
export async function run(args: string[]): Promise<never> {
  const [name] = args;
  if (name === undefined) throw new UsageError("Expected check or convert behind list");
  throw new UsageError(`There is no command "list ${name.slice(0, 20)}"`);
}
