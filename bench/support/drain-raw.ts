import { pino } from 'pino';
import { Database } from '../../src/base/sqlite.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { insertPostings } from '../../src/store/sqlite/order-place.ts';
import { serveDrain, type DrainResult, type DrainTask } from './drain-task.ts';
import { readLog } from './read-log.ts';

/**
 * The reference: better-sqlite3 alone writes the same rows in the same order into the same tables and indexes with the
 * same pragmas, from values that lie ready in memory, in batches of the same size. Nothing is decoded, decided or
 * published while the clock runs.
 */
async function prepare({ folder, orders, batch }: DrainTask): Promise<() => Promise<DrainResult>> {
  const path = `${folder}/orders.db`;
  await migrate({ kind: 'sqlite', path }, pino({ level: 'warn' }));
  const connection = new Database(path);
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  connection.pragma('wal_autocheckpoint = 4000');
  connection.pragma('cache_size = -65536');
  connection.pragma('temp_store = MEMORY');
  const insertOrder = connection.prepare(`INSERT INTO orders
    (id, customer_id, merchant_id, currency, total, status, version, items, metadata, fingerprint, placed_by,
     created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const insertPostingsFrom = connection.prepare(insertPostings('orders.seq >= ?'));
  const insertHistory = connection.prepare(
    'INSERT INTO order_history (order_id, version, status, at, reason, partition, "offset") VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const moveProgress = connection.prepare(
    'INSERT INTO progress VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset',
  );
  const rows = (await readLog(folder, orders)).map(rowsOf);
  const write = connection.transaction((from: number) => {
    for (const { order, history } of rows.slice(from, from + batch)) {
      insertOrder.run(...order);
      insertHistory.run(...history);
    }
    insertPostingsFrom.run(from + 1);
    for (let partition = 0; partition < 12; partition += 1)
      moveProgress.run('orders.commands', partition, from);
  });

  return () => {
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    for (let from = 0; from < orders; from += batch) write.immediate(from);
    const seconds = (performance.now() - startedAt) / 1000;
    const cpu = process.cpuUsage(cpuBefore);
    const rssBytes = process.memoryUsage.rss();
    connection.close();
    return Promise.resolve({ seconds, cpuMicros: cpu.user + cpu.system, rssBytes });
  };
}

interface Rows {
  order: unknown[];
  history: unknown[];
}

const codec = createEventCodec();

function rowsOf({ partition, offset, value }: LogRecord): Rows {
  const command = codec.decodeCommand(value);
  if (command.kind !== 'place') throw new Error('The log has something else than new orders.');
  const { customerId, merchantId, currency, items, metadata, total } = command.order;
  const now = Date.now();
  const id = command.orderId;
  const values = [customerId, merchantId, currency, total, 'confirmed', 1, JSON.stringify(items)];
  return {
    order: [id, ...values, JSON.stringify(metadata), null, command.eventId, command.time, now],
    history: [id, 1, 'confirmed', now, null, partition, offset],
  };
}

serveDrain(prepare);
