/** For whom the process works just now. The store's audit log names them. */
import { AsyncLocalStorage } from "node:async_hooks";

const actors = new AsyncLocalStorage<string>();

/** Runs `work` for somebody, and everything that it starts. */
export const actingAs = <T>(name: string, work: () => T): T => actors.run(name, work);

/** The name for the audit log. */
export const currentActor = (): string => actors.getStore() ?? "empreinte-server";
