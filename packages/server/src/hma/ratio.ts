/** HMA's ratio of a bank and the `matchRatio` of its policy. */
import type { Policy } from "empreinte/bank";

/** A policy has no ratio of 0. This share of uploads is none. */
const none = 2 ** -100;

export const ratioOf = ({ matchRatio = 1 }: Policy): number => (matchRatio <= none ? 0 : matchRatio);

export const withRatio = (policy: Policy, ratio: number): Policy => ({
  ...policy,
  matchRatio: ratio === 0 ? none : ratio,
});
