/** A worker's `keep` that puts the hash of each upload into an archive. */
import { ClusterError } from "../errors.js";
import { type EventListener, quiet } from "../events.js";
import type { Keep } from "../jobs/work.js";
import { Backoff } from "../net/pause.js";
import { Archive, type ArchiveOptions } from "./archive.js";

/** Below this quality a hash says too little to find an upload by it. */
const leastQuality = 50;
/** So long a job waits for an absent shard, in milliseconds, before it is a failure of the job. */
const patience = 240_000;

/** Keeps the hashes of images in an archive. */
export class KeepInArchive {
  readonly #archive: Archive;
  readonly #event: EventListener;
  readonly #orientations: boolean;
  readonly #stopping = new AbortController();

  private constructor(archive: Archive, onEvent: EventListener | undefined, orientations: boolean) {
    this.#archive = archive;
    this.#orientations = orientations;
    this.#event = quiet(onEvent);
  }

  /**
   * Connects. With `orientations`, uploads are kept with the hashes of all eight.
   * @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT`, `…_NATS`
   */
  static async open({
    onEvent,
    orientations = false,
    ...options
  }: ArchiveOptions & { onEvent?: EventListener; orientations?: boolean }): Promise<KeepInArchive> {
    return new KeepInArchive(await Archive.open(options), onEvent, orientations);
  }

  /** What a worker calls. It throws where the upload's shard is absent for too long, and the job is tried again. */
  readonly keep: Keep = async ({ id, hash, quality, orientations }) => {
    if (hash === undefined || quality < leastQuality) return;
    const [end, time, backoff] = [performance.now() + patience, Date.now(), new Backoff(250, 5000)];
    const upload = { id, hash, time, ...(this.#orientations && orientations && { orientations }) };
    for (;;) {
      const { missing, conflicts, rescanned } = await this.#archive.keep([upload]);
      if (conflicts.length > 0)
        this.#event({ type: "refused", reason: `the archive has another hash for upload ${id}` });
      const [absent] = missing;
      if (absent === undefined) return rescanned;
      this.#stopping.signal.throwIfAborted();
      if (performance.now() >= end) {
        const text = `Shard ${absent.shard} has not kept the upload: ${absent.reason}`;
        throw new ClusterError("ERR_EMPREINTE_CLUSTER_SHARD", text);
      }
      this.#event({ type: "retry", step: "keep", reason: `shard ${absent.shard}: ${absent.reason}` });
      await backoff.wait(this.#stopping.signal);
    }
  };

  /** Ends the waits for absent shards, before the worker ends. */
  stopWaiting(): void {
    this.#stopping.abort(new ClusterError("ERR_EMPREINTE_CLUSTER_CLOSED", "The worker ends"));
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    await this.#archive.close();
  }
}
