// node examples/first-match.mjs original.jpg upload.jpg
import { hashImage, HashList } from "empreinte";

const [original, upload] = process.argv.slice(2);
const { hash } = await hashImage(original);
const list = await HashList.load({ name: "mine", input: Buffer.from(`${hash},case 17\n`) }); // or a list file's path
const { matches } = await list.searchImage(upload);
for (const { distance, list: name, line, metadata, orientation } of matches) {
  console.log(`${distance} bits from ${name}:${line}, ${metadata}, as ${orientation}`);
}
