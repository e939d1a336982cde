import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { monotonicClock, systemClock } from '../base/clock.ts';
import type { Metrics } from '../base/metrics.ts';
import { resultWithin } from '../base/within.ts';
import { exportStoreFigures } from '../stats/store-figures.ts';
import type { Context } from './context.ts';

/** A scrape does not wait longer for an answer of the log or of /readyz. */
const ANSWER_TIMEOUT_MS = 1_000;

export interface ProcessFacts {
  version: string;
  isReady: () => Promise<boolean>;
}

/** Exports metrics that are computed at each scrape: which process this is, and the state of its dependencies and its disk. */
export function exportProcessMetrics(context: Context, { version, isReady }: ProcessFacts): void {
  const { config, log, reader, backlog, metrics } = context;
  const { registry } = metrics;
  metrics.buildInfo.set({ version, role: config.role, node: process.versions.node }, 1);
  registry.onScrape(async () => {
    const ready = await resultWithin(isReady(), ANSWER_TIMEOUT_MS).catch(() => false);
    metrics.ready.set(ready === true ? 1 : 0);
  });
  registry.onScrape(() => exportLog(context));
  const isEmbedded = config.eventLog === 'embedded';
  const isSqlite = config.database.kind === 'sqlite';
  const files = [...(isEmbedded ? ['log.db'] : []), ...(isSqlite ? ['orders.db'] : [])];
  if (files.length > 0) registry.onScrape(() => exportDisk(config.dataDir, files, metrics));
  if (config.role === 'worker') return;
  const partitionCount = () => backlog.partitionCount;
  exportStoreFigures({ log, reader, partitionCount, metrics, clock: systemClock, monotonicClock });
}

async function exportLog({ log, metrics }: Context): Promise<void> {
  const isUp = log.readinessProblem() === undefined ? 1 : 0;
  metrics.logWritable.set(isUp);
  metrics.dependencyUp.set({ dependency: 'log' }, isUp);
  const figures = await resultWithin(log.figures(), ANSWER_TIMEOUT_MS).catch(() => undefined);
  if (figures === undefined) return;
  metrics.pendingAppendBytes.set(figures.pendingBytes);
  if (figures.file !== undefined) {
    metrics.logBytes.set(figures.file.usedBytes);
    metrics.logLimitBytes.set(figures.file.limitBytes);
  }
  if (figures.producerQueue !== undefined) {
    metrics.kafkaQueueRecords.set(figures.producerQueue.records);
    metrics.kafkaQueueBytes.set(figures.producerQueue.bytes);
  }
}

async function exportDisk(folder: string, files: readonly string[], metrics: Metrics): Promise<void> {
  const disk = await statfs(folder).catch(() => undefined);
  if (disk !== undefined) {
    metrics.diskAvailable.set(disk.bavail * disk.bsize);
    metrics.diskSize.set(disk.blocks * disk.bsize);
  }
  for (const file of files) {
    // SQLite removes the file when its last connection closes.
    const wal = await stat(join(folder, `${file}-wal`)).catch(() => undefined);
    metrics.walBytes.set({ file }, wal?.size ?? 0);
  }
}
