interface CaseEntry {
  id: string;
  cases: string[];
  signals: { type: "pdq"; value: string }[];
}
export declare function hashOf(number: number, entry: number, signal: number): string;
export declare function entriesOfCase(number: number): CaseEntry[];
export declare function hashesOfCase(number: number): string[];
