import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { Objm } from "@nats-io/obj";
import { connect } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import type { Link } from "../dist/net/link.js";
import { nodesOf, snapshotsOf } from "../dist/net/list.js";
import { namesOf } from "../dist/net/names.js";
import { needsNats, Servers } from "./support/servers.ts";

test("nodes and snapshots are listed while they change, a thousand times", async (ctx) => {
  needsNats(ctx);
  const servers = await Servers.start(1);
  const [writing, reading] = [await connect({ servers: servers.urls }), await connect({ servers: servers.urls })];
  try {
    const names = namesOf("test");
    const states = await new Kvm(jetstream(writing)).create(names.state, { history: 1 });
    const objects = await new Objm(jetstream(writing)).create(names.snapshots);
    for (const node of ["one", "two", "gone"]) await states.put(`node.${node}`, "0");
    await states.put("curator", "0");
    await states.delete("node.gone");
    await objects.putBlob({ name: "kept" }, new Uint8Array(10));
    let on = true;
    const change = async (): Promise<void> => {
      for (let i = 0; on; i++) {
        await Promise.all([states.put("node.one", `${i}`), states.put("node.two", `${i}`)]);
        if (i % 8 > 0) continue;
        await objects.putBlob({ name: `object-${i}` }, new Uint8Array(10));
        await objects.delete(`object-${i}`);
      }
    };
    const changing = change();
    const js = jetstream(reading);
    const link: Link = { nc: reading, js, jsm: await jetstreamManager(reading), names, replicas: 1 };
    const snapshots = await new Objm(js).open(names.snapshots);
    for (let i = 0; i < 1000; i++) {
      expect((await nodesOf(link)).toSorted()).toEqual(["gone", "one", "two"]);
      if (i % 100 > 0) continue;
      const found = (await snapshotsOf(link, snapshots)).map(({ name }) => name);
      expect(found.filter((name) => !name.startsWith("object-"))).toEqual(["kept"]);
    }
    on = false;
    await changing;
    expect((await snapshotsOf(link, snapshots)).map(({ name, size }) => [name, size])).toEqual([["kept", 10]]);
  } finally {
    await Promise.all([writing.close(), reading.close()]);
    await servers.close();
  }
});
