/** Why a line of a list gave no entry, in the order of `emp_list_problem` in native/empreinte/lists.h. */
const problems = [
  "bad-hash-length",
  "bad-hash-character",
  "nul-byte",
  "line-too-long",
  "other-signal",
  "missing-field",
  "open-quote",
  "trivial-all-zero",
  "trivial-all-one",
  "trivial-unbalanced",
  "trivial-periodic",
] as const;
export type NativeListProblem = (typeof problems)[number];

/** Returns the name of a number in `NativeListBatch.problemCodes`. */
export function nativeListProblem(number: number): NativeListProblem {
  return problems[number]!;
}
