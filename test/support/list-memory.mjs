// Reads a generated list of the format and size that the environment names, and answers what it took. A process of its
// own, so that the memory is the reading's.
import { openList } from "../../dist/doors/lists.js";

const format = process.env.LIST_FORMAT;
const bytes = Number(process.env.LIST_BYTES);
const hex = (digits, seed) =>
  Math.sin(seed)
    .toString(16)
    .replace(/[^0-9a-f]/g, "")
    .padEnd(digits, "3")
    .slice(0, digits);
// A few hundred different entries, repeated: making them is not what is measured.
const pool = Array.from({ length: 500 }, (_, i) => ({
  md5: hex(32, i + 1),
  pdq: hex(13, i + 1)
    .repeat(5)
    .slice(0, 64),
}));

const shapes = {
  ncmec: {
    head: '<?xml version="1.0"?><queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><images>',
    entry: (i, { md5, pdq }) =>
      `<image><member id="42">E</member><timestamp>2026-03-01T09:00:00Z</timestamp><id>i${i}</id><classification>A1</classification><fingerprints><md5>${md5}</md5><pdq>${pdq}</pdq></fingerprints></image>\n`,
    tail: "</images></queryResult>",
  },
  "vics-2.0": {
    head: '{"@odata.context":"http://example.test/2.0.xml/US/$metadata#Cases","value":[{"CaseID":"c","Media":[',
    entry: (i, { md5, pdq }) =>
      `${i === 0 ? "" : ",\n"}{"MediaID":${i},"Category":1,"MD5":"${md5}","AlternativeHashes":[{"HashName":"PDQ","HashValue":"${pdq}"}]}`,
    tail: '],"TotalMediaFiles":1}]}',
  },
  "signal-csv": {
    head: "signal_type,signal_str,collab,category,tags\n",
    entry: (_, { pdq }) => `pdq,${pdq},"a, list",POSITIVE_CLASS,x y\n`,
    tail: "",
  },
};

let written = 0;
let peak = 0;
async function* pieces() {
  const { head, entry, tail } = shapes[format];
  let text = head;
  for (let i = 0; written < bytes; i++) {
    text += entry(i, pool[i % pool.length]);
    if (text.length < 65_536) continue;
    written += text.length;
    yield Buffer.from(text);
    text = "";
    peak = Math.max(peak, process.memoryUsage.rss());
  }
  yield Buffer.from(text + tail);
}

const before = process.memoryUsage.rss();
const list = await openList(pieces(), { onProblem: ({ reason }) => console.error(reason) });
let entries = 0;
for await (const batch of list.batches()) entries += batch.length;
process.send({ entries, problems: list.problems, written, grown: peak - before });
