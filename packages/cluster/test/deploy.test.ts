/** The manifests for Kubernetes: they fit its schema, and what they set exists. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Namespace } from "kubernetes-models/v1/Namespace";
import { Service } from "kubernetes-models/v1/Service";
import { afterAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { needsLongRun } from "../../../test/support/long.ts";
import { root } from "../../../test/support/run.ts";
import { natsServer } from "./support/servers.ts";

const folder = join(root, "packages/cluster/deploy");
const temporary = mkdtempSync(join(tmpdir(), "empreinte-deploy-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

interface Container {
  image: string;
  args: string[];
  env?: { name: string }[];
  envFrom?: { configMapRef: { name: string } }[];
  ports?: { name: string }[];
  volumeMounts?: { name: string }[];
}

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  data?: Record<string, string>;
  spec?: {
    serviceName?: string;
    replicas?: number;
    selector?: { matchLabels?: object } & Record<string, unknown>;
    ports?: { port: number; targetPort?: string }[];
    template?: {
      metadata: { labels: Record<string, string> };
      spec: { containers: Container[]; volumes: { name: string }[] };
    };
    volumeClaimTemplates?: { metadata: { name: string } }[];
  };
}

const manifests = readdirSync(folder)
  .filter((name) => name.endsWith(".yaml"))
  .flatMap((name) =>
    parseAllDocuments(readFileSync(join(folder, name), "utf8")).map((document) => {
      const [error] = document.errors;
      if (error !== undefined) throw new Error(`${name}: ${error.message}`);
      return { file: name, manifest: document.toJS() as Manifest };
    }),
  );
const of = (kind: string): Manifest[] => manifests.flatMap(({ manifest }) => (manifest.kind === kind ? manifest : []));
const sets = [...of("StatefulSet"), ...of("Deployment")].map(({ metadata, spec }) => ({
  name: metadata.name,
  ...spec!,
}));
const set = (name: string): (typeof sets)[number] => sets.find((one) => one.name === name)!;
const settings = of("ConfigMap").find(({ metadata }) => metadata.name === "empreinte")!.data!;

/** The models of kinds, which check an object against the schema of Kubernetes. */
const models: Record<string, new (data: never) => { validate(): void }> = {
  "v1 ConfigMap": ConfigMap,
  "v1 Namespace": Namespace,
  "v1 Service": Service,
  "apps/v1 Deployment": Deployment,
  "apps/v1 StatefulSet": StatefulSet,
  "networking.k8s.io/v1 NetworkPolicy": NetworkPolicy,
  "policy/v1 PodDisruptionBudget": PodDisruptionBudget,
};

/** Checks a manifest. @throws what does not fit. */
function check(manifest: Pick<Manifest, "apiVersion" | "kind">): void {
  const Model = models[`${manifest.apiVersion} ${manifest.kind}`];
  if (Model === undefined) throw new Error(`there is no model of ${manifest.apiVersion} ${manifest.kind}`);
  new Model(manifest as never).validate();
}

test("every manifest fits the schema of Kubernetes, and is in the namespace", () => {
  expect(manifests.length).toBeGreaterThan(12);
  for (const { manifest } of manifests) {
    const { kind, metadata } = manifest;
    expect(() => check(manifest), `${kind} ${metadata.name}`).not.toThrow();
    expect(metadata.namespace).toBe(kind === "Namespace" ? undefined : "empreinte");
  }
  // The check sees a mistake.
  const { apiVersion, kind, metadata, spec } = of("StatefulSet")[0]!;
  const wrong = { apiVersion, kind, metadata, spec: { ...spec, replicas: "three" } };
  expect(() => check(wrong)).toThrow("replicas");
});

test("no manifest has a field that Kubernetes does not know", (ctx) => {
  needsLongRun(ctx);
  // The schema allows unknown fields, and a compiler refuses them in literals.
  const compile = (text: (manifest: Manifest) => string): string => {
    const lines = manifests.map(({ manifest }, i) => {
      const { apiVersion, kind } = manifest;
      return `import { type I${kind} as K${i} } from "kubernetes-models/${apiVersion}/${kind}";\nexport const m${i}: K${i} = ${text(manifest)};`;
    });
    const path = join(root, "packages/cluster/test", `manifests-${process.pid}.ts`);
    writeFileSync(path, lines.join("\n"));
    try {
      const options = [
        "--ignoreConfig",
        "--noEmit",
        "--strict",
        "--skipLibCheck",
        "--module",
        "nodenext",
        "--types",
        "node",
        path,
      ];
      return spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), ...options], {
        encoding: "utf8",
      }).stdout;
    } finally {
      rmSync(path);
    }
  };
  expect(compile((manifest) => JSON.stringify(manifest))).toBe("");
  expect(compile((manifest) => JSON.stringify(manifest).replace('"readOnly":', '"readonly":'))).toContain('"readonly"');
});

test("every member runs a command with options that it has", () => {
  const main = join(root, "packages/cluster/dist/main.js");
  const help = spawnSync(process.execPath, [main, "--help"], { encoding: "utf8" }).stdout;
  const section = (name: string): string =>
    help
      .split("\n\n")
      .filter((one) => one.startsWith("Every") || one.split(":")[0]!.split(", ").includes(name))
      .join("\n");
  const flagOf = (name: string): string =>
    `--${name.replace("EMPREINTE_CLUSTER_", "").toLowerCase().replaceAll("_", "-")}`;
  const members = sets.filter(({ name }) => name !== "nats");
  expect(members.map(({ name }) => name).toSorted()).toEqual([
    "curator",
    "node",
    "rescanner",
    "shard",
    "status",
    "worker",
  ]);
  for (const { name, template } of members) {
    const [container] = template!.spec.containers;
    const [command, ...flags] = container!.args;
    expect(command).toBe(name);
    const variables = (container!.env ?? []).map((one) => flagOf(one.name));
    for (const flag of [...flags.map((one) => one.split("=")[0]!), ...variables]) {
      expect(`${name}: ${section(name)}`).toContain(flag);
    }
    expect(container!.envFrom).toEqual([{ configMapRef: { name: "empreinte" } }]);
    if (name === "status") continue;
    // A process without a name or a path would not start.
    expect(variables).toContain("--path");
    expect(variables).toContain(name === "shard" ? "--shard" : "--id");
  }
  for (const name of Object.keys(settings))
    expect(help).toMatch(new RegExp(`${flagOf(name)}\\b|${flagOf(name).slice(2)}\\b`));
  expect(settings["EMPREINTE_CLUSTER_SHARDS"]).toBe(`${set("shard").replicas}`);
  expect(settings["EMPREINTE_CLUSTER_REPLICAS"]).toBe(`${set("nats").replicas}`);
});

test("services and disruption budgets select pods that are there, and volumes are mounted that exist", () => {
  const pods = sets.map(({ template }) => template!.metadata.labels["app.kubernetes.io/name"]);
  for (const { metadata, spec } of [...of("Service"), ...of("PodDisruptionBudget")]) {
    const selector = (spec!.selector!.matchLabels ?? spec!.selector!) as Record<string, string>;
    expect(pods, metadata.name).toContain(selector["app.kubernetes.io/name"]);
  }
  const services = of("Service").map(({ metadata }) => metadata.name);
  for (const { serviceName, selector, template, volumeClaimTemplates } of sets) {
    if (serviceName !== undefined) expect(services).toContain(serviceName);
    expect(template!.metadata.labels).toMatchObject(selector!.matchLabels!);
    const claims = (volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
    const volumes = [...claims, ...template!.spec.volumes.map(({ name }) => name)].toSorted();
    expect(template!.spec.containers[0]!.volumeMounts!.map(({ name }) => name).toSorted()).toEqual(volumes);
  }
  const servers = settings["EMPREINTE_CLUSTER_SERVERS"]!.split(",");
  expect(servers).toEqual([0, 1, 2].map((i) => `nats-${i}.nats.empreinte.svc:4222`));
});

test("nats-server takes its configuration", (ctx) => {
  if (natsServer === undefined) return ctx.skip("skipped: needs nats-server");
  const config = of("ConfigMap").find(({ metadata }) => metadata.name === "nats")!.data!["nats.conf"]!;
  for (const server of [0, 1, 2]) expect(config).toContain(`nats://nats-${server}.nats.empreinte.svc:6222`);
  const made = spawnSync(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=nats"].concat(
      ["-keyout", join(temporary, "tls.key"), "-out", join(temporary, "tls.crt")],
    ),
  );
  if (made.status !== 0) return ctx.skip("skipped: needs openssl");
  const path = join(temporary, "nats.conf");
  // The setting is not known to Debian's server, which is older.
  const known = config.replace(/^\s*sync_interval: always\n/m, "");
  const { data } = of("ConfigMap").find(({ metadata }) => metadata.name === "nats-permissions")!;
  writeFileSync(join(temporary, "permissions.conf"), data!["permissions.conf"]!);
  writeFileSync(path, known.replaceAll("/tls/ca.crt", "/tls/tls.crt").replaceAll("/tls/", `${temporary}/`));
  const { status, stderr } = spawnSync(natsServer, ["-t", "-c", path], {
    encoding: "utf8",
    env: { ...process.env, POD_NAME: "nats-0" },
  });
  expect([status, stderr]).toEqual([0, expect.stringContaining("is valid")]);
});

test("the container builds by scripts that exist, and runs as nobody's user", () => {
  const text = readFileSync(join(folder, "Containerfile"), "utf8");
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
  for (const [, name] of text.matchAll(/npm run ([\w:]+)/g)) expect(Object.keys(scripts)).toContain(name);
  for (const [, path] of text.matchAll(/ (\.\/packages\/\w+)/g)) expect(existsSync(join(root, path!))).toBe(true);
  expect(text).toMatch(/^USER 10001:10001$/m);
  for (const { name, template } of sets) {
    const image = template!.spec.containers[0]!.image;
    expect(text.includes(image) || name === "nats").toBe(true);
  }
});
