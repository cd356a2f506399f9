/** The list commands as a user has them: what they print, what they write, each exit status. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fixtures, values } from "../../../fixtures/lists/make.ts";
import { empreinte, folder } from "../../support/cli.ts";

const { md5, pdq } = values;
const here = folder();
const file = (name: string, text: string): string => {
  writeFileSync(join(here, name), text);
  return name;
};
process.chdir(here);
const at = (args: string[], input?: string) => empreinte(args, input === undefined ? {} : { input });
const ncmec = file("ncmec.xml", fixtures["ncmec"]!.good);
const broken = file("broken.xml", fixtures["ncmec"]!.broken);
const vics = file("vics.json", fixtures["vics-2.0"]!.good);
const members = file("members.csv", fixtures["csv"]!.good);
const columns = [
  "--column",
  "id=ID",
  "--column",
  "md5=MD5 Hash",
  "--column",
  "label:iwf=Severity",
  "--column",
  "status=State",
];

describe("list check", () => {
  test("what a list has", async () => {
    const { code, stdout, stderr } = await at(["list", "check", ncmec]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.split("\n").filter(Boolean);
    expect(lines).toContain("format          ncmec");
    expect(lines).toContain("entries         5, 2 withdrawn");
    expect(lines).toContain("signals         3 md5, 1 sha1, 1 pdq");
    expect(lines).toContain("next            /v2/entries?from=a&start=2001&size=1000");
  });

  test("of a broken one each problem with its place; it is not whole", async () => {
    const { code, stdout, stderr } = await at(["list", "check", broken, "--json"]);
    expect(code).toBe(2);
    expect(stderr).toContain("broken.xml: entry 2, line 5, id: the id is missing");
    expect(stderr).toContain("cannot be read beyond entry 7, line 11");
    expect(JSON.parse(stdout)).toMatchObject({ path: broken, format: "ncmec", whole: false, problems: 7 });
  });

  test("trivial hashes are counted", async () => {
    const zeros = file("zeros.csv", `${"0".repeat(64)}\n${pdq(1)}\n`);
    const { code, stdout } = await at(["list", "check", zeros, "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ entries: 2, trivialHashes: 1, problems: 0, whole: true });
  });

  test("a CSV by its columns, from standard input", async () => {
    const { code, stdout } = await at(["list", "check", ...columns, "-", "--json"], fixtures["csv"]!.good);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      path: "-",
      format: "csv",
      entries: 3,
      withdrawn: 1,
      signals: { md5: 2 },
    });
  });

  test.each([
    [["list"], /Expected create, check or convert/],
    [["list", "show"], /no command "list show"/],
    [["list", "check"], /No FILE/],
    [["list", "check", members, "--column", "hash=1"], /WHAT=NAME/],
    [["list", "check", members, "--delimiter", ";"], /--delimiter needs --column/],
    [["list", "check", ncmec, "--from", "xml"], /Expected one of .*plain/],
    [["list", "convert", ncmec, "-o", "x"], /No --to/],
    [["list", "convert", ncmec, "--to", "plain"], /No --output/],
  ])("wrong usage: %j", async (args, message) => {
    const { code, stderr } = await at(args);
    expect(code).toBe(64);
    expect(stderr).toMatch(message);
  });

  test("a list of unknown format or a missing list is an error", async () => {
    expect(await at(["list", "check", members])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/needs the option columns/),
    });
    expect(await at(["list", "check", "nothing"])).toMatchObject({ code: 2, stderr: expect.stringMatching(/ENOENT/) });
  });

  test.each(["list", "list check", "list convert"])("%s --help", async (name) => {
    expect(await at([...name.split(" "), "--help"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`empreinte ${name}`),
    });
  });
});

describe("list convert", () => {
  test("into a file of its owner's, saying what was left out", async () => {
    const { code, stderr } = await at(["list", "convert", vics, "-o", "known.csv", "--to", "signal-csv"]);
    expect(code).toBe(0);
    expect(readFileSync(join(here, "known.csv"), "utf8").split("\n").slice(0, 2)).toEqual([
      "signal_type,signal_str,collab,category,tags",
      `md5,${md5(1)},,,vics-uk:1 a iwf:B`,
    ]);
    expect(statSync(join(here, "known.csv")).mode & 0o777).toBe(0o600);
    expect(stderr).toContain("left out: cases, 3");
    expect(stderr).toContain("left out: fields.MediaSize, 1");
    expect(stderr).toContain("known.csv: 3 entries, from vics-2.0");
  });

  test("from standard input to standard output", async () => {
    const { code, stdout } = await at(
      ["list", "convert", "-", "-o", "-", "--to", "stopncii", "--quiet"],
      fixtures["stopncii"]!.good,
    );
    expect(code).toBe(0);
    const { hashRecords, count } = JSON.parse(stdout) as { hashRecords: { hashStatus: string }[]; count: number };
    expect(count).toBe(4);
    expect(hashRecords.map(({ hashStatus }) => hashStatus)).toEqual(["Active", "Received", "Withdrawn", "Withdrawn"]);
  });

  test("a list that ends in the middle makes no file, and leaves the old one", async () => {
    file("old.csv", "old");
    const { code, stderr } = await at(["list", "convert", broken, "-o", "old.csv", "--to", "plain"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/ends in the middle of the XML/);
    expect(readFileSync(join(here, "old.csv"), "utf8")).toBe("old");
    expect(readdirSync(here).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("entries with problems: the rest is written, and the status says so", async () => {
    const some = file("some.txt", `pdq ${pdq(1)}\npdq zz\npdq ${pdq(2)}\n`);
    const { code } = await at(["list", "convert", some, "-o", "some.csv", "--to", "plain", "--quiet"]);
    expect(code).toBe(1);
    expect(readFileSync(join(here, "some.csv"), "utf8")).toBe(`${pdq(1)}\n${pdq(2)}\n`);
  });

  test("a folder that is not there", async () => {
    const { code, stderr } = await at(["list", "convert", ncmec, "-o", "no/where", "--to", "plain"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/no\/where cannot be written: ENOENT/);
    expect(existsSync(join(here, "no"))).toBe(false);
  });
});
