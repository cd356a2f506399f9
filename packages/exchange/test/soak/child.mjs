// Fetches all sources of the soak once, and writes a line on standard output for each page whose transaction is done:
// {source, active: keys, ended: keys}. Also {source, note} and {source, failed}. Arguments: the store, the sources as
// JSON ({kind: base}), the time in seconds since 1970.
import { writeSync } from "node:fs";
import { BankStore } from "empreinte/bank";
import { openClient } from "../../dist/clients/kinds.js";
import { systemEnvironment } from "../../dist/environment.js";
import { runSource } from "../../dist/run/run-source.js";

const [path, sources, now] = process.argv.slice(2);
const names = ["functions-key", "subscription-key", "user", "password", "token"];
const secrets = Object.fromEntries(names.map((name) => [name, "env:SECRET"]));
const options = { threatexchange: { group: "group" } };
// The clock is the soak's, and no pause is worth waiting for here.
const environment = {
  ...systemEnvironment,
  now: () => 1000 * Number(now),
  sleep: async () => undefined,
  variables: { SECRET: "secret" },
};
const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);

const store = await BankStore.open(path);
for (const [source, base] of Object.entries(JSON.parse(sources))) {
  const client = await openClient({ kind: source, base, secrets, options: options[source] ?? {} }, environment);
  let page;
  const fetchPage = client.page.bind(client);
  client.page = async (...given) => {
    page = { active: [], ended: [] };
    const { entries, end } = await fetchPage(...given);
    return { entries: noted(entries, page), end };
  };
  const take = store.import.bind(store);
  store.import = async (...given) => {
    const counts = await take(...given);
    if (page !== undefined) say({ source, ...page });
    page = undefined;
    return counts;
  };
  try {
    const onNote = ({ kind }) => say({ source, note: kind });
    const { complete } = await runSource(store, { bank: "bank", source }, client, { environment, onNote });
    say({ source, complete });
  } catch (error) {
    say({ source, failed: error.code });
  } finally {
    store.import = take;
    await client.close();
  }
}
await store.close();

async function* noted(entries, page) {
  for await (const some of entries) {
    for (const { id, signals, status } of some)
      (status === "withdrawn" ? page.ended : page.active).push(id ?? signals[0].value);
    yield some;
  }
}
