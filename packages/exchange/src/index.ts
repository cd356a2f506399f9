/**
 * Live hash exchanges: sources that keep themselves current.
 * @module empreinte-exchange
 */
export {
  type ExchangeClient,
  type ExchangePage,
  type PageEnd,
  type PageNote,
  type Position,
} from "./clients/client.js";
export { type ClientSettings, kinds, openClient, type SourceKind, sourceKinds } from "./clients/kinds.js";
export { EmpreinteServer } from "./clients/empreinte.js";
export { ListAddress, ListFolder } from "./clients/list-files.js";
export { Ncmec, ncmecEnvironments } from "./clients/ncmec.js";
export { StopNcii } from "./clients/stopncii.js";
export { TechAgainstTerrorism } from "./clients/tech-against-terrorism.js";
export { ThreatExchange } from "./clients/threat-exchange.js";
export { type Environment, systemEnvironment } from "./environment.js";
export { ExchangeError, type ExchangeErrorCode } from "./errors.js";
export { HttpClient, type HttpOptions } from "./http/http-client.js";
export { collectFeedback } from "./outbox/collect.js";
export { type OutboxItem, outboxOf } from "./outbox/outbox.js";
export { sendOutbox, type SendOptions, type SendResult } from "./outbox/send.js";
export { collectRetractions, collectSubmissions } from "./outbox/submissions.js";
export {
  type CombinedDecision,
  CombinedMatcher,
  type CombinedMatcherOptions,
  type Unanswered,
} from "./remote/combined-matcher.js";
export { ArachnidShield } from "./remote/arachnid-shield.js";
export { openRemoteMatcher, type RemoteKind, remoteKinds, type RemoteSettings } from "./remote/open-remote.js";
export { type RemoteFinding, type RemoteMatch, type RemoteMatcher, type RemoteQuery } from "./remote/remote-matcher.js";
export { type Acceptance, acceptShrinkage } from "./run/shrinkage.js";
export { runSource, type RunOptions, type RunResult } from "./run/run-source.js";
export { runAll, runSchedule, type ScheduleOptions } from "./run/schedule.js";
export { addSource, findSource, type NewSource, removeSource, type SourceSettings, sourcesOf } from "./run/sources.js";
export { conditionOf, readStatus, type SourceStatus } from "./run/status.js";
export { addWatch, type NewWatchItem, removeWatch, watched, type WatchItem, type WatchRecord } from "./watch/items.js";
export { watchCsv, watchReport, type WatchReport, watchTable } from "./watch/report.js";
export { watchPage } from "./watch/report-page.js";
export { runWatch, type WatchOptions } from "./watch/run-watch.js";
export { ArachnidShieldSimulator } from "./simulators/arachnid-shield.js";
export { EmpreinteSimulator } from "./simulators/empreinte.js";
export { type HostPage, HostSimulator, type Misbehaviour, misbehaviours } from "./simulators/host.js";
export { NcmecSimulator } from "./simulators/ncmec.js";
export { type Fault, faults, Simulator } from "./simulators/simulator.js";
export { StopNciiSimulator } from "./simulators/stopncii.js";
export { TechAgainstTerrorismSimulator } from "./simulators/tech-against-terrorism.js";
export { ThreatExchangeSimulator } from "./simulators/threat-exchange.js";
