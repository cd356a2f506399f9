/**
 * Runs before each test file. A module that several files of one process import is evaluated for the first only, so
 * that hooks at its top are not heard by the others: they are here.
 */
import { afterAll, afterEach } from "vitest";
import { closeAll, removeFolders } from "./closing.ts";

afterEach(closeAll);
afterAll(removeFolders);
