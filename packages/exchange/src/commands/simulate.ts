/** A simulated exchange as a small server, for tests of any client. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { invalid } from "../errors.js";
import { ArachnidShieldSimulator } from "../simulators/arachnid-shield.js";
import { HostSimulator, misbehaviours } from "../simulators/host.js";
import { NcmecSimulator } from "../simulators/ncmec.js";
import { type Fault, faults, type Simulator } from "../simulators/simulator.js";
import { StopNciiSimulator } from "../simulators/stopncii.js";
import { TechAgainstTerrorismSimulator } from "../simulators/tech-against-terrorism.js";
import { ThreatExchangeSimulator } from "../simulators/threat-exchange.js";
import type { Arguments } from "./arguments.js";
import type { Output } from "./exchange.js";

/** The credentials of simulated exchanges. They protect nothing. */
const credentials = {
  functionsKey: "functions",
  subscriptionKey: "subscription",
  user: "user",
  password: "password",
  token: "app|token",
  group: "1",
};

const value = (i: number): string => createHash("sha256").update(`simulated ${i}`).digest("hex");

/** What can be simulated, and how it gets its entries. */
const simulators: Readonly<Record<string, (count: number) => Simulator>> = {
  stopncii: (count) => {
    const simulator = new StopNciiSimulator(credentials);
    for (let i = 0; i < count; i++) simulator.put(value(i));
    return simulator;
  },
  ncmec: (count) => {
    const simulator = new NcmecSimulator(credentials);
    for (let i = 0; i < count; i++) simulator.put(String(i), { fingerprints: { pdq: value(i) } });
    return simulator;
  },
  threatexchange: (count) => {
    const simulator = new ThreatExchangeSimulator(credentials);
    for (let i = 0; i < count; i++) simulator.put(String(i), { indicator: value(i) });
    return simulator;
  },
  "tech-against-terrorism": (count) => {
    const simulator = new TechAgainstTerrorismSimulator(credentials);
    for (let i = 0; i < count; i++) simulator.put(i, { hash_digest: value(i) });
    return simulator;
  },
  "arachnid-shield": (count) => {
    const simulator = new ArachnidShieldSimulator(credentials);
    const known = { classification: "csam", match_type: "exact" } as const;
    for (let i = 0; i < count; i++) simulator.known.set(Buffer.from(value(i), "hex").toString("base64"), known);
    return simulator;
  },
};

/** What can be simulated. `host` is a web host that misbehaves. */
export const simulatedKinds: readonly string[] = [...Object.keys(simulators), "host"];

/** Serves until the process is to end. @throws {ExchangeError} */
export async function simulate(given: Arguments, output: Output): Promise<number> {
  const [kind = ""] = given.words;
  if (!simulatedKinds.includes(kind)) throw invalid("the exchange", `one of ${simulatedKinds.join(", ")}`);
  const shares = Object.entries(given.pairs("fault")).map(([name, text]) => {
    const share = Number(text);
    if (!faults.includes(name as Fault)) throw invalid("--fault", `${faults.join("=SHARE, ")}=SHARE`);
    if (!(share > 0 && share <= 1)) throw invalid("--fault", `${name}=SHARE, a number above 0 and at most 1`);
    return [name as Fault, share] as const;
  });
  const port = given.number("port") ?? 0;
  if (kind === "host") return simulateHost(port, output);
  const count = given.number("entries") ?? 1000;
  const simulator = simulators[kind]!(count);
  simulator.fault = () => shares.find(([, share]) => Math.random() < share)?.[0];
  const address = await simulator.listen(port);
  output.write(`${kind} is simulated at ${address} with ${count} entries\n`);
  output.write(`keys: functions, subscription; user and password: user, password; token: app|token, for group 1\n`);
  await until(output.stop);
  await simulator.close();
  return 0;
}

/** Serves a page, and one for each misbehaviour, at its name. */
async function simulateHost(port: number, { write, stop }: Output): Promise<number> {
  const simulator = new HostSimulator();
  const body = "A page with more than eight words, so that the watch can tell it from others";
  simulator.pages.set("/page", { body });
  for (const does of misbehaviours) simulator.pages.set(`/${does}`, { does, body });
  const address = await simulator.listen(port);
  write(`a host is simulated at ${address}; its paths are ${[...simulator.pages.keys()].join(", ")}\n`);
  await until(stop);
  await simulator.close();
  return 0;
}

async function until(stop: AbortSignal): Promise<void> {
  if (!stop.aborted) await once(stop, "abort");
}
