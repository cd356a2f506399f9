/** The files of a data folder. */
import { join } from "node:path";

export const storePath = (data: string): string => join(data, "store.bank");
export const statePath = (data: string): string => join(data, "server.db");
