import { createEmbeddedLog, createEventLog } from '../../app/event-log.ts';
import { askToEraseLog, isServiceRunning } from '../../app/backup/ask-service.ts';
import { controlSocketPath } from '../../app/backup/protocol.ts';
import { createLogger } from '../../base/logger.ts';
import type { Config } from '../../config/config.ts';
import { type EventLog, TOPICS } from '../../log/event-log.ts';
import type { AlignmentStore } from '../../store/alignment-store.ts';
import { openAlignmentStore } from '../../store/open/open-store.ts';
import { createWriteLock } from '../../store/sqlite/write-lock.ts';
import type { LogAccess } from '../../app/erase/erase-customer.ts';
import { eraseFromLog } from '../../app/erase/erase-log.ts';

/**
 * A running service changes its embedded log itself, because it holds the lock of the file.
 * @throws ServiceError `erasure-failed`, `log-unavailable`, `store-unavailable`
 */
export async function openLogAccess(config: Config): Promise<LogAccess> {
  if (config.eventLog === 'kafka') return kafkaAccess(config);
  const path = controlSocketPath(config.dataDir);
  return (await isServiceRunning(path)) ? runningAccess(path) : stoppedAccess(config);
}

function runningAccess(path: string): LogAccess {
  return {
    // The service waits until they are processed.
    unprocessed: () => Promise.resolve(0),
    erase: (erasure, onProgress) =>
      askToEraseLog(path, { command: 'erase-log', ...erasure }, (_file, done, total) =>
        onProgress(done, total),
      ),
    close: () => Promise.resolve(),
  };
}

async function stoppedAccess(config: Config): Promise<LogAccess> {
  const log = createEmbeddedLog(config, createLogger('warn'));
  await log.start();
  const alignment = await openAlignmentStore(config.database, createWriteLock());
  return {
    unprocessed: () => countUnprocessed(log, alignment),
    erase: (erasure, onProgress) =>
      eraseFromLog({
        ...erasure,
        ...{ log, alignment, isProcessing: false, onProgress },
        signal: new AbortController().signal,
      }),
    async close() {
      await alignment.close();
      await log.stop();
    },
  };
}

async function kafkaAccess(config: Config): Promise<LogAccess> {
  const log = await createEventLog(config, createLogger('warn'));
  await log.start();
  const alignment = await openAlignmentStore(config.database, createWriteLock());
  return {
    unprocessed: () => countUnprocessed(log, alignment),
    erase: () => Promise.resolve(undefined),
    async close() {
      await alignment.close();
      await log.stop();
    },
  };
}

async function countUnprocessed(log: EventLog, alignment: AlignmentStore): Promise<number> {
  const ranges = await log.ranges(TOPICS.commands);
  const { progress } = await alignment.read(log.progressName(TOPICS.commands));
  return ranges.reduce(
    (sum, { start, end }, partition) => sum + end - Math.max(start, progress.get(partition)?.nextOffset ?? 0),
    0,
  );
}
