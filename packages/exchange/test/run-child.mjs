// Fetches a source once, or whenever its parent sends a time, and answers. Arguments: the store, the kind, the base.
import { fetchOnce } from "./fetch-once.mjs";

const [path, kind, base] = process.argv.slice(2);
const { SECRET: secret, NOW, KILL: kill } = process.env;
const fetchAt = (now) => fetchOnce({ path, kind, base, now: Number(now), secret, kill });
if (process.send === undefined) process.exit((await fetchAt(NOW)) ? 0 : 3);
process.on("message", async (now) => process.send(await fetchAt(now)));
