import type { Test } from 'tap';
import { createLogger } from '../../../src/base/logger.ts';
import {
  EmbeddedEventLog,
  type EmbeddedEventLogOptions,
} from '../../../src/log/embedded/embedded-event-log.ts';
import type { LogRecord } from '../../../src/base/log-record.ts';
import type { ConsumerHandlers } from '../../../src/log/event-log.ts';
import type { Chunk } from '../../../src/log/embedded/frames.ts';
import { collectRecords, encodeAppends } from '../../../src/log/embedded/frames.ts';
import { LogFile } from '../../../src/log/embedded/log-file.ts';
import type { OpenOptions } from '../../../src/log/embedded/protocol.ts';

export const silent = createLogger('silent');

export type LogSettings = Partial<EmbeddedEventLogOptions> & { dataDirectory: string };

export function newLog(settings: LogSettings): EmbeddedEventLog {
  return new EmbeddedEventLog({
    groupId: 'workers',
    partitions: 4,
    maxPendingRecords: 10_000,
    maxPendingBytes: 64_000_000,
    ackTimeoutMs: 20_000,
    retentionMs: 600_000,
    logger: silent,
    ...settings,
  });
}

/** A started log, stopped when the test ends. */
export async function openLog(t: Test, settings: LogSettings): Promise<EmbeddedEventLog> {
  const log = newLog(settings);
  await log.start();
  t.teardown(() => log.stop());
  return log;
}

export function fileOptions(dataDirectory: string, more: Partial<OpenOptions> = {}): OpenOptions {
  return {
    file: `${dataDirectory}/log.db`,
    groupId: 'workers',
    partitions: 4,
    retentionMs: 600_000,
    ...more,
  };
}

/** A log file without a thread; closed when the test ends. */
export function openFile(t: Test, dataDirectory: string, more: Partial<OpenOptions> = {}): LogFile {
  const file = new LogFile(fileOptions(dataDirectory, more));
  t.teardown(() => file.close());
  return file;
}

/** [key, value] pairs in one transaction; a key may be null. @param partition by default, the keys decide */
export function append(
  file: LogFile,
  topic: string,
  pairs: [string | null, string][],
  now = Date.now(),
  partition?: number,
): [number, number][] {
  const records = pairs.map(([key, value]) => ({ topic, key, value: Buffer.from(value), partition }));
  const { topics, frames } = encodeAppends(records);
  const positions = [...file.append(topics, frames, now)];
  return pairs.map((_, index) => [positions[2 * index] ?? -1, positions[2 * index + 1] ?? -1]);
}

/** By default, everything that is retained. */
export function readAll(
  file: LogFile,
  topic: string,
  positions = allFromStart(file, topic),
): ReturnType<typeof flat> {
  return flat(file.read(topic, positions, { records: Infinity, bytes: Infinity }));
}

export function flat(chunks: Chunk[]) {
  const records: LogRecord[] = [];
  for (const chunk of chunks) collectRecords(chunk, 0, records);
  return records.map(({ partition, offset, timestamp, key, value }) => {
    return { partition, offset, timestamp, key: String(key), value: String(value) };
  });
}

function allFromStart(file: LogFile, topic: string): Map<number, number> {
  return new Map(file.topic(topic).partitions.map(({ number, start }) => [number, start]));
}

export function allFromZero(): Map<number, number> {
  return new Map([0, 1, 2, 3].map((partition) => [partition, 0]));
}

export const record = (key: string, value = 'value') => ({ topic: 'orders', key, value: Buffer.from(value) });

/** Handlers that read from the group's offsets and collect all they receive. */
export function handlers(more: Partial<ConsumerHandlers> = {}) {
  const seen = { records: [] as LogRecord[], revoked: [] as number[][], failures: [] as Error[] };
  const all: ConsumerHandlers = {
    onAssigned: (committed) =>
      Promise.resolve(
        new Map([...committed].map(([partition, offset]) => [partition, offset ?? 'earliest'])),
      ),
    onRevoked: async (partitions) => void seen.revoked.push(partitions),
    onRecords: (records) => void seen.records.push(...records),
    onFailed: (error) => void seen.failures.push(error),
    ...more,
  };
  return { seen, all };
}
