// Fetches a source once. Tests kill it at any time. Arguments: the store, the kind, the base.
import { BankStore } from "empreinte/bank";
import { openClient, runSource, systemEnvironment } from "../dist/index.js";

const [path, kind, base] = process.argv.slice(2);
// The clock is the test's, and no pause is worth waiting for here.
const environment = { ...systemEnvironment, now: () => 1000 * Number(process.env.NOW), sleep: async () => undefined };
const secrets = Object.fromEntries(
  ["functions-key", "subscription-key", "user", "password", "key"].map((name) => [name, "env:SECRET"]),
);
const options = { stopncii: { "page-size": "50" }, empreinte: { bank: "ncii" } };
const store = await BankStore.open(path);
const client = await openClient({ kind, base, secrets, options: options[kind] ?? {} }, environment);
const { complete } = await runSource(store, { bank: "ncii", source: "exchange" }, client, { environment });
await client.close();
await store.close();
process.exit(complete ? 0 : 3);
