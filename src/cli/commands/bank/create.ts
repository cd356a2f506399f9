import { existsSync } from "node:fs";
import { parse, UsageError } from "../../args.js";
import { policyOf, policyOptions } from "./policy.js";
import { actorOption, fileAnd, withStore } from "./store.js";
import { type Session, status } from "../../io/session.js";

const options = {
  ...policyOptions,
  ...actorOption,
  purpose: { type: "string" },
  negative: { type: "boolean" },
} as const;

export async function run(args: string[], _session: Session): Promise<number> {
  const { values, positionals } = parse(args, options);
  const [file, name, ...more] = fileAnd(positionals, "BANK");
  if (more.length > 0) throw new UsageError("Expected one BANK");
  const { purpose, negative = false, actor, ...asked } = values;
  const policy = policyOf(asked);
  // A store that is there gets one bank more.
  return withStore(
    file,
    (store) => {
      store.createBank({ name: name!, negative, policy, ...(purpose !== undefined && { purpose }) });
      return status.nothing;
    },
    { actor, create: !existsSync(file) },
  );
}
