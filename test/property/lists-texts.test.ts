/** XML and JSON as their writers may put the same thing: what is read is what was meant. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ListEntry, openList } from "../../dist/doors/lists.js";
import { rounds } from "../support/long.ts";

const hex = (digits: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: digits / 2, maxLength: digits / 2 }).map((bytes) => Buffer.from(bytes).toString("hex"));
/** What XML can hold, without control characters; white space around it does not count. */
const word = fc
  .array(
    fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 4 }),
      fc.constantFrom("&", "<", ">", '"', "'", "]]>", "é", "写真", "🖼"),
    ),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((parts) =>
    parts
      .join("")
      .replaceAll(/[\p{C}\u2028\u2029\ufffe\uffff]/gu, "")
      .trim(),
  )
  .filter((text) => text !== "");

/** Cuts bytes at the given places, in the middle of characters too. */
async function* cut(bytes: Uint8Array, places: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const to of places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b)) {
    yield bytes.slice(from, to);
    from = to;
  }
  yield bytes.slice(from);
}

async function read(text: string, cuts: readonly number[]): Promise<ListEntry[]> {
  const problems: unknown[] = [];
  const list = await openList(cut(Buffer.from(text), cuts), { onProblem: (fault) => problems.push(fault) });
  const entries: ListEntry[] = [];
  for await (const entry of list) entries.push(entry);
  expect(problems).toEqual([]);
  return entries;
}

const cuts = fc.array(fc.nat(), { maxLength: 12 });

describe("NCMEC XML", () => {
  const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
  const reference = (character: string, hexadecimal: boolean): string =>
    hexadecimal ? `&#x${character.codePointAt(0)!.toString(16)};` : `&#${character.codePointAt(0)};`;
  /** One text, put in one of the ways there are. */
  const written = (text: string, form: number): string => {
    if (form === 0) return text.replace(/[&<>"']/g, (character) => escapes[character]!);
    if (form === 1) return `<![CDATA[${text.replaceAll("]]>", "]]]]><![CDATA[>")}]]>`;
    return Array.from(text, (character, i) =>
      /[&<>]/.test(character) || i % 2 === 0 ? reference(character, form === 2) : character,
    ).join("");
  };
  const entry = fc.record({
    member: fc.nat(999),
    id: word,
    name: word,
    md5: hex(32),
    video: fc.boolean(),
    deleted: fc.boolean(),
    seconds: fc.integer({ min: 0, max: 4e9 }),
    form: fc.nat(3),
    noise: fc.constantFrom("", "<!-- a > b -->", "<?x y?>", "\r\n\t", "<other><id>no</id></other>"),
    prefix: fc.boolean(),
  });

  test("escapes, references, CDATA, comments, prefixes, in pieces", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 5 }), fc.boolean(), cuts, async (entries, prefix, places) => {
        const p = prefix ? "h:" : "";
        const tag = (name: string, content: string, attributes = ""): string =>
          `<${p}${name}${attributes}>${content}</${p}${name}>`;
        const of = ({
          member,
          id,
          name,
          md5,
          video,
          deleted,
          seconds,
          form,
          noise,
        }: (typeof entries)[number]): string => {
          const time = new Date(1000 * seconds).toISOString();
          const parts = [
            noise,
            tag("member", written(name, form), ` id='${member}'`),
            tag("timestamp", ` ${time}\n`),
            noise,
            tag("id", written(id, form)),
            deleted ? "" : tag("fingerprints", noise.startsWith("<o") ? "" : noise + tag("md5", md5.toUpperCase())),
            noise.startsWith("<o") && !deleted ? tag("fingerprints", tag("md5", md5)) : "",
          ];
          const kind = video ? "Video" : "Image";
          return tag(deleted ? `deleted${kind}` : kind.toLowerCase(), parts.join(""));
        };
        const xmlns = prefix ? "xmlns:h" : "xmlns";
        const head = `<?xml version="1.0" encoding="UTF-8"?><${p}queryResult ${xmlns}="https://hashsharing.ncmec.org/hashsharing/v2">`;
        const groups = [false, true].map((video) => entries.filter((one) => one.video === video));
        const bodies = groups.map((group, i) =>
          tag(i === 0 ? "images" : "videos", group.map(of).join("\n"), ` count="${group.length}"`),
        );
        const back = await read(`${head}${bodies.join("")}</${p}queryResult>`, places);
        expect(
          back.map(({ id, signals, status, time, media, fields }) => ({ id, signals, status, time, media, fields })),
        ).toEqual(
          groups.flat().map(({ member, id, name, md5, video, deleted, seconds }) => ({
            id: `${member}/${id}`,
            signals: deleted ? [] : [{ type: "md5", value: md5 }],
            status: deleted ? "withdrawn" : "active",
            time: 1000 * seconds,
            media: video ? "video" : "image",
            fields: { member: name },
          })),
        );
      }),
      { numRuns: rounds(60, 200) },
    );
  });
});

describe("VICS JSON", () => {
  /** The same JSON with some characters as \uXXXX and white space anywhere between. */
  const respelled = (json: string, every: number, space: string): string => {
    let inText = false;
    let out = "";
    for (let i = 0; i < json.length; i++) {
      const character = json[i]!;
      if (inText && character === "\\") {
        out += character + json[++i]!;
        continue;
      }
      if (character === '"') inText = !inText;
      const plain = inText && character !== '"';
      // Both halves of a pair, or none.
      const half = /[\ud800-\udfff]/.test(character);
      if (plain && (half ? every % 2 === 1 : every > 0 && i % every === 0))
        out += `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
      else out += !inText && /[{}[\],:]/.test(character) ? space + character + space : character;
    }
    return out;
  };
  const media = fc.record({
    MediaID: fc.nat(),
    MD5: hex(32),
    Comments: word,
    MediaSize: fc.oneof(fc.nat(), fc.nat().map(String)),
    IsSuspected: fc.constantFrom(true, false, "true", "False"),
    Exifs: fc.array(fc.record({ PropertyName: word, PropertyValue: word }), { maxLength: 2 }),
    Unknown: fc.jsonValue({ maxDepth: 3 }),
  });

  test("escapes and white space anywhere, members that nobody knows, in pieces", async () => {
    const spaces = fc.constantFrom("", " ", "\r\n\t");
    await fc.assert(
      fc.asyncProperty(
        fc.array(media, { maxLength: 5 }),
        fc.nat(5),
        spaces,
        fc.boolean(),
        cuts,
        async (value, every, space, bom, places) => {
          const context = "http://example.test/DataModels/2.0.xml/US/$metadata#Media";
          // The head is found by its text: its names are never spelled in another way.
          const list = respelled(JSON.stringify(value), every, space);
          const back = await read(`${bom ? "\ufeff" : ""}{"@odata.context":"${context}","value":${list}}`, places);
          expect(back.map(({ id, signals, fields }) => ({ id, signals, fields }))).toEqual(
            value.map(({ MediaID, MD5, Comments, MediaSize, IsSuspected, Exifs }) => ({
              id: String(MediaID),
              signals: [{ type: "md5", value: MD5 }],
              fields: {
                IsSuspected: String(IsSuspected).toLowerCase() === "true",
                MediaSize: Number(MediaSize),
                Comments,
                Exifs,
              },
            })),
          );
        },
      ),
      { numRuns: rounds(60, 200) },
    );
  });
});
