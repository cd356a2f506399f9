/** A simulated exchange as a small server, for tests of any client. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { invalid } from "../errors.js";
import { ArachnidShieldSimulator } from "../simulators/arachnid-shield.js";
import { NcmecSimulator } from "../simulators/ncmec.js";
import { type Fault, faults } from "../simulators/simulator.js";
import { StopNciiSimulator } from "../simulators/stopncii.js";
import type { Arguments } from "./arguments.js";
import type { Output } from "./exchange.js";

/** The credentials of simulated exchanges. They protect nothing. */
const credentials = {
  functionsKey: "functions",
  subscriptionKey: "subscription",
  user: "user",
  password: "password",
};

const value = (i: number): string => createHash("sha256").update(`simulated ${i}`).digest("hex");

/** What can be simulated. */
export const simulatedKinds = ["stopncii", "ncmec", "arachnid-shield"] as const;

/** Serves until the process is to end. @throws {ExchangeError} */
export async function simulate(given: Arguments, { write, stop }: Output): Promise<number> {
  const [kind] = given.words;
  const count = given.number("entries") ?? 1000;
  const wanted = Object.keys(given.pairs("fault"));
  for (const name of wanted)
    if (!faults.includes(name as Fault)) throw invalid("--fault", `${faults.join("=SHARE, ")}=SHARE`);
  const shares = Object.entries(given.pairs("fault")).map(([name, share]) => [name as Fault, Number(share)] as const);
  let simulator: StopNciiSimulator | NcmecSimulator | ArachnidShieldSimulator;
  if (kind === "stopncii") {
    simulator = new StopNciiSimulator(credentials);
    for (let i = 0; i < count; i++) simulator.put(value(i));
  } else if (kind === "ncmec") {
    simulator = new NcmecSimulator(credentials);
    for (let i = 0; i < count; i++) simulator.put(String(i), { fingerprints: { pdq: value(i) } });
  } else if (kind === "arachnid-shield") {
    simulator = new ArachnidShieldSimulator(credentials);
    const known = { classification: "csam", match_type: "exact" } as const;
    for (let i = 0; i < count; i++) simulator.known.set(Buffer.from(value(i), "hex").toString("base64"), known);
  } else throw invalid("the exchange", `one of ${simulatedKinds.join(", ")}`);
  simulator.fault = () => shares.find(([, share]) => Math.random() < share)?.[0];
  const address = await simulator.listen(given.number("port") ?? 0);
  write(`${kind} is simulated at ${address} with ${count} entries\n`);
  write(`keys: functions, subscription; user and password: user, password\n`);
  if (!stop.aborted) await once(stop, "abort");
  await simulator.close();
  return 0;
}
