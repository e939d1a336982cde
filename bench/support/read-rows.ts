import type { LogRecord } from '../../src/base/log-record.ts';
import { EmbeddedEventLog } from '../../src/log/embedded/embedded-event-log.ts';
import { TOPICS } from '../../src/log/event-log.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { logOptions } from './drain-task.ts';

/** The column values that the service would write for one order. */
export interface Rows {
  order: unknown[];
  history: unknown[];
}

/** Reads a log of new orders, in the order in which a consumer gets them. */
export async function readRows(folder: string, count: number): Promise<Rows[]> {
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
  return records.map(rowsOf);
}

const codec = createEventCodec();

function rowsOf({ partition, offset, value }: LogRecord): Rows {
  const command = codec.decodeCommand(value);
  if (command.kind !== 'place') throw new Error('The log holds something other than new orders.');
  const { customerId, merchantId, currency, items, metadata, total } = command.order;
  const now = Date.now();
  const id = command.orderId;
  const values = [customerId, merchantId, currency, total, 'confirmed', 1, JSON.stringify(items)];
  return {
    order: [id, ...values, JSON.stringify(metadata), null, command.eventId, command.time, now],
    history: [id, 1, 'confirmed', now, null, partition, offset],
  };
}
