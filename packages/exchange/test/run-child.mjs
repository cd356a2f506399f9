// Fetches a source once. Tests kill it at any time. Arguments: the store, the kind, the base. KILL=POINT:PAGE lets it
// kill itself at that page: before its "request", in its transaction before ("complete") or after ("cursor") a whole
// list ends what it did not name, or when the transaction is "committed".
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

let page = 0;
const reach = (point) => {
  if (`${point}:${page}` === process.env.KILL) process.kill(process.pid, "SIGKILL");
};
const fetchPage = client.page.bind(client);
client.page = (...given) => {
  page++;
  reach("request");
  return fetchPage(...given);
};
const take = store.import.bind(store);
store.import = async (from, entries, { importCursor, wholeList, ...rest }) => {
  const counts = await take(from, entries, {
    ...rest,
    importCursor: () => {
      reach("cursor");
      return importCursor();
    },
    ...(wholeList && {
      wholeList: {
        ...wholeList,
        complete: (unlisted) => {
          reach("complete");
          return wholeList.complete(unlisted);
        },
      },
    }),
  });
  reach("committed");
  return counts;
};

const { complete } = await runSource(store, { bank: "ncii", source: "exchange" }, client, { environment });
await client.close();
await store.close();
process.exit(complete ? 0 : 3);
