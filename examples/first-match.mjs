// node examples/first-match.mjs original.jpg upload.jpg
import { hashImage, HashList } from "empreinte";

const [original, upload] = process.argv.slice(2);
const { hash } = await hashImage(original);
const list = { name: "mine", source: Buffer.from(`${hash},case 17\n`) }; // or the path of a list file
const known = await HashList.load(list);
for (const match of await known.search(await hashImage(upload, { orientations: true }))) {
  console.log(`${match.distance} bits from ${match.list}:${match.line}, ${match.metadata}, as ${match.orientation}`);
}
