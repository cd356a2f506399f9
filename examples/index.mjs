// node examples/index.mjs known.csv upload.jpg
import { hashImage, HashList } from "empreinte";

const [list, upload] = process.argv.slice(2);
const built = await HashList.build(list, "known.idx"); // known.idx and known.idx.entries; once, for any length
console.log(`${built.size} entries`);
built.close();

const known = await HashList.open("known.idx"); // in every process that searches: mapped, so it is in memory once
for (const match of await known.search(await hashImage(upload, { orientations: true }))) {
  console.log(`${match.distance} bits from ${match.list}:${match.line}, ${match.metadata}, as ${match.orientation}`);
}
known.close();
