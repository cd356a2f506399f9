import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

/** The files that take longest in the long run, the longest first: a minute or more of a processor. */
const slowest = [
  "test/native/core.test.ts",
  "test/package/tooling.test.ts",
  "test/hostile/bank/erasure.test.ts",
  "test/package/examples.test.ts",
  "test/unit/image/tune-process.test.ts",
  "test/hostile/bank/video.test.ts",
  "test/unit/cli/index.test.ts",
  "test/package/consumers.test.ts",
];

function rank({ moduleId }: TestSpecification): number {
  const place = slowest.findIndex((file) => moduleId.endsWith(file));
  if (place >= 0) return place;
  return slowest.length + (/\/test\/(native|package)\//.test(moduleId) ? 0 : 1);
}

/** The slowest files go first, and those that compile, emulate or install: the short ones fill the gaps. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}
