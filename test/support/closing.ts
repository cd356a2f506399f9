/** What tests open and make, closed and removed behind them: test/support/setup.ts calls this for every file. */
import { rmSync } from "node:fs";

const closing: (() => unknown)[] = [];
const folders: string[] = [];

/** Calls this after the test, the last first. */
export function after(close: () => unknown): void {
  closing.push(close);
}

/** Removes a folder after the tests of the file. */
export function removeAtEnd(folder: string): void {
  folders.push(folder);
}

/** Calls what `after` was given. */
export async function closeAll(): Promise<void> {
  for (const close of closing.splice(0).toReversed()) await close();
}

/** Removes what `removeAtEnd` was given. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
