import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

function rank(file: TestSpecification): number {
  return /\/test\/(native|package)\//.test(file.moduleId) ? 0 : 1;
}

/** The files that compile, emulate or install go first: the short ones fill the gaps. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}
