import type { LogRecord } from '../../src/base/log-record.ts';
import { EmbeddedEventLog } from '../../src/log/embedded/embedded-event-log.ts';
import { TOPICS } from '../../src/log/event-log.ts';
import { logOptions } from './drain-task.ts';

/** Every record of the log, in the order in which a consumer gets them. */
export async function readLog(folder: string, count: number): Promise<LogRecord[]> {
  const log = new EmbeddedEventLog(logOptions(folder));
  await log.start();
  const records: LogRecord[] = [];
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const consumer = log.consumer(TOPICS.commands, {
    onAssigned: (committed) =>
      Promise.resolve(new Map([...committed.keys()].map((partition) => [partition, 'earliest'] as const))),
    onRevoked: () => Promise.resolve(),
    onRecords: (more) => {
      records.push(...more);
      if (records.length >= count) finish();
    },
    onFailed: (error) => console.error(error),
  });
  await consumer.start();
  await finished;
  await consumer.stop();
  await log.stop();
  return records;
}
