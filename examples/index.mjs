// node examples/index.mjs known.csv upload.jpg
import { HashList } from "empreinte";

const [known, upload] = process.argv.slice(2);
const built = await HashList.build(known, "built.idx"); // built.idx and built.idx.entries; once, for any length
console.log(`${built.size} entries`);
built.close();

const list = await HashList.open("built.idx"); // in every process that searches: mapped, so it is in memory once
const { matches } = await list.searchImage(upload);
for (const match of matches) {
  console.log(`${match.distance} bits from line ${match.line}, ${match.metadata}, as ${match.orientation}`);
}
list.close();
