import { Client } from 'pg';
import type { LogRecord } from '../../src/base/log-record.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { serveDrain, type DrainResult, type DrainTask } from './drain-task.ts';
import { readLog } from './read-log.ts';

const INSERT_ORDERS = `
  INSERT INTO orders (id, customer_id, merchant_id, currency, total, status, version, items, metadata, fingerprint,
                      placed_by, created_at, updated_at)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[],
                       $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[])`;

const INSERT_HISTORY = `
  INSERT INTO order_history (order_id, version, status, at, reason, partition, "offset", seq)
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[],
                       $8::bigint[])`;

const MOVE_PROGRESS = `
  INSERT INTO progress SELECT 'orders.commands', * FROM unnest($1::bigint[], $2::bigint[])
  ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset`;

const PARTITIONS = Array.from({ length: 12 }, (_, partition) => partition);

const codec = createEventCodec();

/**
 * The reference: pg alone writes the same rows in the same order into the same tables and indexes, by multi-row inserts
 * from arrays that lie ready in memory, in batches of the same size, each in one round trip. Nothing is decoded, decided
 * or published while the clock runs.
 */
async function prepare({ folder, orders, batch, store }: DrainTask): Promise<() => Promise<DrainResult>> {
  if (store?.kind !== 'postgres') throw new Error('This reference writes into PostgreSQL.');
  const records = await readLog(folder, orders);
  const batches: Columns[] = [];
  for (let from = 0; from < orders; from += batch) {
    batches.push(columnsOf(records.slice(from, from + batch), from));
  }
  const client = new Client({ connectionString: store.url, pipeline: true });
  await client.connect();
  return async () => {
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    for (const [index, columns] of batches.entries()) {
      await Promise.all([
        client.query('BEGIN'),
        client.query({ name: 'orders', text: INSERT_ORDERS, values: columns.orders }),
        client.query({ name: 'history', text: INSERT_HISTORY, values: columns.history }),
        client.query({
          name: 'progress',
          text: MOVE_PROGRESS,
          values: [PARTITIONS, PARTITIONS.map(() => index)],
        }),
        client.query('COMMIT'),
      ]);
    }
    const seconds = (performance.now() - startedAt) / 1000;
    const cpu = process.cpuUsage(cpuBefore);
    const rssBytes = process.memoryUsage.rss();
    await client.end();
    return { seconds, cpuMicros: cpu.user + cpu.system, rssBytes };
  };
}

interface Columns {
  orders: unknown[][];
  history: unknown[][];
}

function columnsOf(records: readonly LogRecord[], from: number): Columns {
  const rows = records.map((record, index) => rowsOf(record, from + index + 1));
  return {
    orders: transposed(rows.map(({ order }) => order)),
    history: transposed(rows.map(({ change }) => change)),
  };
}

function rowsOf({ partition, offset, value }: LogRecord, sequence: number) {
  const command = codec.decodeCommand(value);
  if (command.kind !== 'place') throw new Error('The log has something else than new orders.');
  const { customerId, merchantId, currency, items, metadata, total } = command.order;
  const now = Date.now();
  const id = command.orderId;
  const values = [customerId, merchantId, currency, total, 'confirmed', 1, JSON.stringify(items)];
  return {
    order: [id, ...values, JSON.stringify(metadata), null, command.eventId, command.time, now],
    change: [id, 1, 'confirmed', now, null, partition, offset, sequence],
  };
}

function transposed(rows: readonly unknown[][]): unknown[][] {
  return (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]));
}

serveDrain(prepare);
