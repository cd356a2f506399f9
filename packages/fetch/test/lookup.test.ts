import { expect, test } from "vitest";
import { isPublicAddress } from "../src/addresses.ts";
import { checkedLookup, type Resolve } from "../src/lookup.ts";

type Answer = { error: Error | null; address: unknown };

/** Asks a lookup that resolves names by a table of ours: one row for each time that a name is resolved. */
function ask(rows: string[][], all: boolean): () => Promise<Answer> {
  const resolve: Resolve = (_, __, callback) => {
    const addresses = rows.shift() ?? [];
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
  const lookup = checkedLookup(isPublicAddress, resolve);
  return () => new Promise((done) => lookup("host.example", { all }, (error, address) => done({ error, address })));
}

const refused = { error: expect.objectContaining({ code: "ERR_EMPREINTE_FETCH_ADDRESS" }) };

test.each([true, false])("one internal address among public ones refuses the name (all: %s)", async (all) => {
  expect(await ask([["8.8.8.8", "10.0.0.1"]], all)()).toMatchObject(refused);
  expect(await ask([["8.8.8.8", "::ffff:10.0.0.1"]], all)()).toMatchObject(refused);
  expect(await ask([["8.8.8.8", "1.1.1.1"]], all)()).toMatchObject({ error: null });
});

test("a name without addresses is refused", async () => {
  expect(await ask([[]], true)()).toMatchObject(refused);
});

test("the connection gets exactly the addresses that were checked", async () => {
  const found = [
    { address: "8.8.8.8", family: 4 },
    { address: "2606:4700::1111", family: 6 },
  ];
  expect(await ask([["8.8.8.8", "2606:4700::1111"]], true)()).toEqual({ error: null, address: found });
  expect(await ask([["8.8.8.8", "2606:4700::1111"]], false)()).toEqual({ error: null, address: "8.8.8.8" });
});

test("a name that changes to an internal address is refused when it is resolved again", async () => {
  const again = ask([["8.8.8.8"], ["127.0.0.1"]], true);
  expect(await again()).toMatchObject({ error: null });
  expect(await again()).toMatchObject(refused);
});
