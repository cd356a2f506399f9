import type { Action, Bank, Policy } from "../../../doors/bank.js";
import type { Orientation } from "../../../index.js";
import { number, parse, UsageError } from "../../args.js";
import { actorOption, fileAnd, withStore } from "./store.js";
import { textLine } from "../../io/names.js";
import { type Session, status } from "../../io/session.js";

/** The options that say how a bank decides. */
export const policyOptions = {
  radius: { type: "string" },
  "min-quality": { type: "string" },
  variants: { type: "string" },
  labels: { type: "string" },
  action: { type: "string" },
  derived: { type: "string" },
  "match-ratio": { type: "string" },
  seed: { type: "string" },
  flood: { type: "string" },
} as const;

type PolicyValues = { [Name in keyof typeof policyOptions]?: string };

/** "a,b" to ["a", "b"]; "all" is the library's default. */
const several = (text: string | undefined): string[] | undefined =>
  text === undefined || text === "all" ? undefined : text.split(",").map((one) => one.trim());

/** "100/3600": more than 100 uploads within 3600 seconds. */
function floodOf(text: string | undefined): Policy["flood"] {
  if (text === undefined || text === "none") return undefined;
  const [uploads, seconds] = (/^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? []).slice(1).map(Number);
  if (uploads === undefined || seconds === undefined) {
    throw new UsageError(`Expected UPLOADS/SECONDS or none for --flood but received "${text.slice(0, 20)}"`);
  }
  return { uploads, seconds };
}

/** What the options say, over what is there; the library checks the ranges. */
export function policyOf(values: PolicyValues, there: Partial<Policy> = {}): Partial<Policy> {
  const said: Record<string, unknown> = {
    radius: number("radius", values.radius, { least: 0, most: 256 }),
    minQuality: number("min-quality", values["min-quality"], { least: 0, most: 100 }),
    action: values.action as Action | undefined,
    derived: values.derived as Action | undefined,
    matchRatio: number("match-ratio", values["match-ratio"], { least: 0, most: 1, whole: false }),
    seed: number("seed", values.seed, { least: 0, most: 2 ** 32 - 1 }),
  };
  const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  const lists: Record<string, unknown> = {
    ...(values.variants !== undefined && { variants: several(values.variants) as Orientation[] | undefined }),
    ...(values.labels !== undefined && { labels: several(values.labels) }),
    ...(values.flood !== undefined && { flood: floodOf(values.flood) }),
  };
  // One that is taken back must not be there at all.
  const whole = { ...there, ...given, ...lists };
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined));
}

/** "action block, radius 31, …" */
export function policyText(policy: Policy): string {
  const { action, radius, minQuality, orientations, labels, cropAction, matchRatio, seed, flood } = policy;
  const parts = [`action ${action}`, `radius ${radius}`, `quality from ${minQuality}`];
  if (orientations.length < 8) parts.push(`variants ${orientations.join(" ")}`);
  if (labels !== undefined) parts.push(`labels ${labels.join(" ")}`);
  if (cropAction !== undefined) parts.push(`by a part at most ${cropAction}`);
  if (matchRatio !== undefined) parts.push(`share ${matchRatio}, seed ${seed ?? 0}`);
  if (flood !== undefined) parts.push(`flood from ${flood.uploads} uploads in ${flood.seconds} s`);
  return parts.join(", ");
}

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, { ...policyOptions, ...actorOption, json: { type: "boolean" } });
  const [file, name, ...more] = fileAnd(positionals, "BANK");
  if (more.length > 0) throw new UsageError("Expected one BANK");
  const { json, actor, ...asked } = values;
  policyOf(asked); // what is wrong usage is so whatever the store has
  return withStore(
    file,
    async (store) => {
      const named = (): Bank => {
        const bank = store.banks().find((one) => one.name === name);
        if (bank === undefined) throw new UsageError(`There is no bank ${name}`);
        return bank;
      };
      if (Object.keys(asked).length > 0) store.setPolicy(name!, policyOf(asked, named().policy));
      const { policy } = named();
      await session.line(json ? JSON.stringify(policy) : textLine([`${name}: ${policyText(policy)}`], ""));
      return status.nothing;
    },
    { actor },
  );
}
