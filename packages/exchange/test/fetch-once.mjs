// Fetches a source once, in this process. `kill` is POINT:PAGE: the process kills itself at that page. The point is
// before its "request", in its transaction before ("complete") or after ("cursor") a whole list ends what it did not
// name, or when the transaction is "committed".
import { BankStore } from "empreinte/bank";
// The modules themselves: the package's door loads more than twice as much, in each of many children.
import { openClient } from "../dist/clients/kinds.js";
import { systemEnvironment } from "../dist/environment.js";
import { runSource } from "../dist/run/run-source.js";

const secrets = Object.fromEntries(
  ["functions-key", "subscription-key", "user", "password", "key"].map((name) => [name, "env:SECRET"]),
);
const options = { stopncii: { "page-size": "50" }, empreinte: { bank: "ncii" } };

/** Answers whether the source was complete. */
export async function fetchOnce({ path, kind, base, now, secret, kill }) {
  // The clock is the test's, and no pause is worth waiting for here.
  const environment = {
    ...systemEnvironment,
    now: () => 1000 * now,
    sleep: async () => undefined,
    variables: { SECRET: secret },
  };
  const store = await BankStore.open(path);
  const client = await openClient({ kind, base, secrets, options: options[kind] ?? {} }, environment);
  if (kill) killAt(kill, store, client);
  try {
    return (await runSource(store, { bank: "ncii", source: "exchange" }, client, { environment })).complete;
  } finally {
    await client.close();
    await store.close();
  }
}

function killAt(kill, store, client) {
  let page = 0;
  const reach = (point) => {
    if (`${point}:${page}` === kill) process.kill(process.pid, "SIGKILL");
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
}
