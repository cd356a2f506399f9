// Fetches a source once, or as often as its parent sends it a time, and answers each. Arguments: the store, the kind, the
// base.
import { fetchOnce } from "./fetch-once.mjs";

const [path, kind, base] = process.argv.slice(2);
const { SECRET: secret, NOW, KILL: kill } = process.env;
const fetchAt = (now) => fetchOnce({ path, kind, base, now: Number(now), secret, kill });
if (process.send === undefined) process.exit((await fetchAt(NOW)) ? 0 : 3);
process.on("message", async (now) => process.send(await fetchAt(now)));
