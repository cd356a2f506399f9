import type { ListedEntry, ListLabel } from "../entry.js";
import { distinctLabels, tagText } from "./tags.js";
import { shownName, signalType } from "../values.js";
import { vicsFields } from "./vics.js";
import { type EntryWriter, type LeftOut, leaveOut, leaveOutFields, writable } from "../writer.js";

const names = { md5: "MD5", sha1: "SHA1", sha256: "SHA256", pdq: "PDQ" } as const;

/** Our convention where VICS has no member for a hash: `AlternativeHashes` by name, PDQ among them. */
interface AlternativeHash {
  HashName: string;
  HashValue: string;
}

/** VICS 2.0, a hash set: a Media an entry, hex digits in upper case as other programs write them. */
export class VicsWriter implements EntryWriter {
  /** "us", "uk", …; undefined: categories have no nation. */
  readonly #nation: string | undefined;
  #count = 0;
  /** Numbers of our own where the first entry's id is no number: the two must not be mixed. */
  #counted: boolean | undefined;

  constructor(nation: string | undefined) {
    this.#nation = nation;
  }

  begin(): string {
    const nation = this.#nation?.toUpperCase() ?? "Default";
    const context = `http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/${nation}/$metadata#Media`;
    return `{"@odata.context":${JSON.stringify(context)},"value":[`;
  }

  entry(entry: ListedEntry, lost: LeftOut): string {
    if (!writable(entry, lost)) return "";
    const hashes: Record<string, unknown> = {};
    const alternatives = this.#hashes(entry, hashes, lost);
    if (Object.keys(hashes).length === 0 && alternatives.length === 0) {
      lost("entries without a hash that it can hold");
      return "";
    }
    const id = this.#id(entry.id, lost);
    const label = this.#category(entry.labels);
    const media: Record<string, unknown> = {
      ...(id !== undefined && { MediaID: id }),
      ...(label !== undefined && { Category: Number(label.code) }),
      ...hashes,
    };
    if (alternatives.length > 0) media["AlternativeHashes"] = alternatives;
    if (entry.time !== undefined) media["DateUpdated"] = new Date(entry.time).toISOString();
    const tags = this.#tags(entry.labels, label, lost);
    if (tags !== "") media["Tags"] = tags;
    for (const [name, value] of Object.entries(entry.fields ?? {})) if (name in vicsFields) media[name] = value;
    leaveOut(entry, lost, ["cases", "quality", "derived"]);
    leaveOutFields(entry, lost, Object.keys(vicsFields));
    if (entry.media !== undefined && !String(entry.fields?.["MimeType"]).startsWith(`${entry.media}/`)) lost("media");
    return `${this.#count++ === 0 ? "" : ","}\n${JSON.stringify(media)}`;
  }

  end(): string {
    return "\n]}\n";
  }

  #id(id: string | undefined, lost: LeftOut): number | undefined {
    const own = id !== undefined && /^(0|[1-9]\d{0,14})$/.test(id);
    this.#counted ??= !own;
    if (id !== undefined && (this.#counted || !own)) lost("id");
    if (this.#counted) return this.#count + 1;
    return own ? Number(id) : undefined;
  }

  /** The first label that is a category of this nation. */
  #category(labels: readonly ListLabel[]): ListLabel | undefined {
    const scheme = this.#nation === undefined ? "vics" : `vics-${this.#nation}`;
    return labels.find((label) => label.scheme === scheme && /^(0|-?[1-9]\d{0,8})$/.test(label.code));
  }

  /** The first MD5 and SHA1 have members of their own. */
  #hashes(entry: ListedEntry, media: Record<string, unknown>, lost: LeftOut): AlternativeHash[] {
    const alternatives: AlternativeHash[] = [];
    for (const { type, value } of entry.signals) {
      const HashValue = value.toUpperCase();
      if (type === "vpdq") lost("signals.vpdq");
      else if ((type === "md5" || type === "sha1") && media[names[type]] === undefined) media[names[type]] = HashValue;
      else alternatives.push({ HashName: names[type], HashValue });
    }
    for (const { type, value } of entry.others ?? []) {
      if (value.trim() === "" || value.trim() !== value || type.trim() !== type || signalType(type) !== undefined)
        lost(`others.${shownName(type)}`);
      else alternatives.push({ HashName: type, HashValue: value });
    }
    return alternatives;
  }

  #tags(labels: readonly ListLabel[], category: ListLabel | undefined, lost: LeftOut): string {
    const tags: string[] = [];
    if (category !== undefined && category.version !== "2.0") lost("labels.version");
    for (const label of distinctLabels(labels)) {
      if (label === category) continue;
      if (label.version !== undefined) lost("labels.version");
      const tag = tagText(label, ",");
      if (tag === undefined) lost("labels");
      else tags.push(tag);
    }
    return tags.join(",");
  }
}
