/** What those ask who run the service: does it live, is it ready, what does it count? */
import type { FastifyInstance } from "fastify";
import { mergeMetrics, type MetricsSnapshot, metricsText } from "../operation/metrics.js";
import type { Service } from "../core/service.js";

/** Returns the metrics of all processes of a service. */
export type ProcessMetrics = () => Promise<MetricsSnapshot[]>;

/** What is served, and how old it is. */
export interface Readiness {
  ready: boolean;
  /** Why it is not ready; empty if it is. */
  reasons: string[];
  revision: number;
  signals: number;
  sources: { bank: string; source: string; ageSeconds: number; stale: boolean }[];
}

export function readiness(service: Service): Readiness {
  const { store, config, sources, draining, banks } = service;
  const name = banks.namer();
  const limit = config.staleHours * 3600;
  const reasons = draining ? ["The service ends"] : [];
  const ages: Readiness["sources"] = [];
  for (const { bank, source, ageSeconds, stale } of sources.list()) {
    const shown = name(bank);
    if (shown === undefined) continue;
    // What the program of a source calls stale is shown. Only the operator's limit makes the service not ready.
    const late = limit > 0 && ageSeconds > limit;
    if (late) reasons.push(`${shown}/${source} was not imported for too long`);
    ages.push({ bank: shown, source, ageSeconds: Math.round(ageSeconds), stale: stale || late });
  }
  return { ready: reasons.length === 0, reasons, revision: store.revision, signals: store.size, sources: ages };
}

export function healthRoutes(app: FastifyInstance, service: Service, allMetrics?: ProcessMetrics): void {
  app.get("/livez", { config: { scope: "none" } }, async (_request, reply) => reply.type("text/plain").send("alive\n"));
  app.get("/readyz", { config: { scope: "none" } }, async (_request, reply) => {
    const state = readiness(service);
    return reply
      .code(state.ready ? 200 : 503)
      .header("cache-control", "no-store")
      .send(state);
  });
  app.get("/metrics", { config: { scope: "metrics" } }, async (_request, reply) => {
    await service.measure();
    const snapshots = allMetrics === undefined ? [service.metrics.snapshot()] : await allMetrics();
    return reply.type("text/plain; version=0.0.4; charset=utf-8").send(metricsText(mergeMetrics(snapshots)));
  });
}
