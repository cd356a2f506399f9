import type { SerializedError } from "vitest";
import type { TestCase, TestModule, TestRunEndReason } from "vitest/node";
import { DefaultReporter } from "vitest/node";

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** A line for each skipped test: where, and why. */
  reasons: string[];
}

/** What the run came to. A file that did not load and an error outside any test each count as a failure. */
export function count(
  modules: readonly Pick<TestModule, "relativeModuleId" | "errors" | "children">[],
  unhandled: readonly unknown[],
  reason: TestRunEndReason,
): Counts {
  const counts: Counts = { passed: 0, failed: unhandled.length, skipped: 0, reasons: [] };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) add(counts, module.relativeModuleId, test);
  }
  if (reason !== "passed" && counts.failed === 0) counts.failed = 1;
  return counts;
}

function add(counts: Counts, file: string, test: Pick<TestCase, "fullName" | "result">): void {
  const result = test.result();
  if (result.state === "passed") counts.passed++;
  else if (result.state === "skipped") {
    counts.skipped++;
    counts.reasons.push(`${file} > ${test.fullName}: ${result.note ?? "no reason given"}`);
  } else counts.failed++; // also a test that was still pending when the run ended
}

export function closing({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * The default report, then each skipped test with its reason, then `N passed, N failed, N skipped` alone on the last
 * line.
 */
export class ClosingLine extends DefaultReporter {
  override onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    super.onTestRunEnd(modules, unhandled, reason);
    const counts = count(modules, unhandled, reason);
    const lines = counts.reasons.length === 0 ? [] : ["", "Skipped:", ...counts.reasons.map((line) => `  ${line}`)];
    if (counts.failed > 0) process.exitCode ||= 1;
    process.stdout.write([...lines, "", closing(counts), ""].join("\n"));
  }
}
