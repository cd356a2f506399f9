// The four simulated exchanges of the soak, behind one shape. Records have numbers; their keys and values follow.
import { createHash } from "node:crypto";
import { NcmecSimulator } from "../../dist/simulators/ncmec.js";
import { StopNciiSimulator } from "../../dist/simulators/stopncii.js";
import { TechAgainstTerrorismSimulator } from "../../dist/simulators/tech-against-terrorism.js";
import { ThreatExchangeSimulator } from "../../dist/simulators/threat-exchange.js";

const day = 24 * 3600;
const secret = "secret";
const user = { user: secret, password: secret };

/** A hash that looks random, of a record's version. */
const valueOf = (kind, number, version) => createHash("sha256").update(`${kind} ${number} ${version}`).digest("hex");

/**
 * Each source: `put` changes a record of the exchange, which is then "active", "withdrawn" or "held" (neither).
 * `keyOf` is what the store calls an entry: its id, or its value where the exchange has no ids. `truth` gives what the
 * exchange itself has: key, value and time in seconds of each record that must match. `forget` drops what the exchange
 * no longer remembers after a long time.
 */
export const kinds = {
  stopncii(now) {
    const simulator = new StopNciiSimulator({ functionsKey: secret, subscriptionKey: secret, now });
    const value = (number) => valueOf("stopncii", number, 0);
    return {
      simulator,
      // The hash is the record, so that it has one version.
      versions: false,
      keyOf: value,
      recordKey: (number) => `ImagePDQ ${value(number)}`,
      valueOf: value,
      put(number, state, _, time) {
        const cases = { [`${number}-1`]: "Active", [`${number}-2`]: "Active" };
        // Half of the withdrawals are those of all cases, while the summary is late.
        if (state === "withdrawn" && number % 2 === 0) for (const name of Object.keys(cases)) cases[name] = "Withdrawn";
        if (state === "active" && number % 3 === 0) cases[`${number}-1`] = "Withdrawn";
        const hashStatus = { active: "Active", held: "Paused", withdrawn: number % 2 === 0 ? "Active" : "Withdrawn" }[
          state
        ];
        simulator.put(value(number), { hashStatus, caseNumbers: cases, lastModtimestamp: time });
      },
      *truth() {
        for (const { record } of simulator.records.values()) {
          const { hashStatus, caseNumbers, hashValue, lastModtimestamp } = record;
          const isActive = hashStatus === "Active" && Object.values(caseNumbers).includes("Active");
          if (isActive) yield { key: hashValue, value: hashValue, time: lastModtimestamp };
        }
      },
      forget() {
        for (const [key, { record }] of simulator.records) {
          const isWithdrawn =
            record.hashStatus === "Withdrawn" || !Object.values(record.caseNumbers).includes("Active");
          if (isWithdrawn && now() - record.lastModtimestamp > 30 * day) simulator.records.delete(key);
        }
      },
    };
  },
  ncmec(now) {
    const simulator = new NcmecSimulator({ ...user, now });
    return {
      simulator,
      versions: true,
      keyOf: (number) => `42/${number}`,
      recordKey: (number) => `42/${number}`,
      valueOf: (number, version) => valueOf("ncmec", number, version),
      put(number, state, version, timestamp) {
        const fingerprints = { pdq: valueOf("ncmec", number, version) };
        simulator.put(String(number), { deleted: state === "withdrawn", fingerprints, timestamp });
      },
      *truth() {
        for (const [key, { deleted, fingerprints, timestamp }] of simulator.entries)
          if (!deleted) yield { key, value: fingerprints.pdq, time: timestamp };
      },
      forget() {},
    };
  },
  threatexchange(now) {
    const simulator = new ThreatExchangeSimulator({ token: secret, group: "group", now });
    return {
      simulator,
      versions: true,
      keyOf: String,
      recordKey: String,
      valueOf: (number, version) => valueOf("threatexchange", number, version),
      put(number, state, version, updated) {
        const indicator = valueOf("threatexchange", number, version);
        simulator.put(String(number), { deleted: state === "withdrawn", indicator, updated });
      },
      *truth() {
        for (const [key, { deleted, indicator, updated }] of simulator.updates)
          if (!deleted) yield { key, value: indicator, time: updated };
      },
      // It forgets deletions by itself.
      forget() {},
    };
  },
  "tech-against-terrorism"(now) {
    const simulator = new TechAgainstTerrorismSimulator({ ...user, tokenUses: 200, now });
    return {
      simulator,
      versions: true,
      keyOf: String,
      recordKey: String,
      valueOf: (number, version) => valueOf("tat", number, version),
      put(number, state, version, updated) {
        const hash_digest = valueOf("tat", number, version);
        simulator.put(number, { deleted: state === "withdrawn", hash_digest, updated });
      },
      *truth() {
        for (const [key, { deleted, hash_digest, updated }] of simulator.items)
          if (!deleted) yield { key, value: hash_digest, time: updated };
      },
      forget() {},
    };
  },
};
