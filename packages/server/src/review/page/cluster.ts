/** What a cluster that the service belongs to says of itself: a page beside the dashboard. */
import type { FastifyInstance } from "fastify";
import { readClusterStatus, type ClusterStatus } from "../../operation/cluster-status.js";
import { type PageContext, sendPage, sessionOf } from "./context.js";
import { type Html, html, type Part } from "./html.js";
import { page } from "./layout.js";
import { table } from "./table.js";
import type { Texts } from "./texts/en.js";
import { lengthText } from "./texts/texts.js";

const late = (text: Part): Html => html`<strong class="late">▲ ${text}</strong>`;

function nodesPart(texts: Texts, { nodes }: ClusterStatus): Html {
  const rows = nodes.map(({ id, revision, lag, answering, reportedSecondsAgo }): Part[] => [
    id,
    revision,
    lag > 0 ? late(lag) : lag,
    answering ? texts.yes : late(texts.no),
    lengthText(texts, 1000 * reportedSecondsAgo),
  ]);
  return table(texts, texts.nodes, [texts.name, texts.revision, texts.behind, texts.answers, texts.reported], rows);
}

function rescansPart(texts: Texts, { rescans }: ClusterStatus): Html | undefined {
  if (rescans === undefined) return undefined;
  const { complete, reportedSecondsAgo, shards } = rescans;
  const age = lengthText(texts, 1000 * reportedSecondsAgo);
  const rows = shards.map(({ shard, size, revision, matches, reason }): Part[] => [
    shard,
    size,
    revision,
    matches,
    reason === undefined ? "" : late(reason),
  ]);
  const heads = [texts.shard, texts.uploadsTitle, texts.revision, texts.match, texts.reason];
  return html`${table(texts, texts.rescans, heads, rows)}
    <p>${complete ? texts.rescansComplete : late(texts.rescansIncomplete)} (${texts.reported}: ${age})</p>`;
}

function statusPart(texts: Texts, status: ClusterStatus): Html {
  const { store, revision, curator, queue } = status;
  const { high, normal, low } = queue.waiting;
  return html`<dl class="figures">
      <dt>${texts.store}</dt>
      <dd>${store}</dd>
      <dt>${texts.revision}</dt>
      <dd>${revision}</dd>
      <dt>${texts.curator}</dt>
      <dd>${curator?.id ?? late(texts.nobody)}</dd>
      <dt>${texts.jobsWaiting}</dt>
      <dd>${high + normal + low}</dd>
      <dt>${texts.jobsTaken}</dt>
      <dd>${queue.delivered}</dd>
      <dt>${texts.deadLetters}</dt>
      <dd>${queue.deadLetters > 0 ? late(queue.deadLetters) : 0}</dd>
    </dl>
    ${nodesPart(texts, status)} ${rescansPart(texts, status)}`;
}

/** The page `/review/cluster`, where the service knows of a cluster. */
export function clusterRoute(app: FastifyInstance, { service }: PageContext): void {
  const { clusterStatus } = service.config;
  if (clusterStatus === "") return;
  app.get("/cluster", { config: { scope: "person", needs: "metrics" } }, async (request, reply) => {
    const session = sessionOf(request);
    const { texts } = request;
    let content: Html;
    try {
      content = statusPart(texts, await readClusterStatus(clusterStatus));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      request.log.warn({ reason }, "the status of the cluster cannot be read");
      content = html`<p>${late(texts.clusterUnknown)}</p>`;
    }
    return sendPage(reply, page({ texts, title: texts.cluster, session, content }));
  });
}
