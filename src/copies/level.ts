import { oneOf } from "../check.js";
import type { CopyLevel } from "./types.js";

const levels: readonly CopyLevel[] = ["fast", "standard", "thorough"];

/** Checks an argument and returns it in its checked form. @throws {InvalidArgumentError} for what is no level */
export function checkLevel(level: unknown): CopyLevel {
  return oneOf("level", level, levels);
}
