/** Seconds: query from, query to, known from, known to. */
export type Truth = [number, number, number, number];
export interface About {
  path: string;
  name: string;
  seconds: number;
  rate: number;
}
export const edits: Record<string, { truth: (about: About) => Truth; speed?: number }>;
export function edited(folder: string, name: string, about: About, others: readonly string[]): Promise<string>;
