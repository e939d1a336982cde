import Database from 'better-sqlite3';
import { pino } from 'pino';
import { newOrderId } from '../../src/order/ids.ts';
import { orderTotal } from '../../src/order/order.ts';
import { migrate } from '../../src/store/migrate.ts';
import { sampleOrder } from './sample-order.ts';
import type { DrainResult, DrainTask } from './drain-task.ts';

/**
 * The reference: better-sqlite3 alone writes the same rows into the same tables and indexes with the same pragmas,
 * from values that lie ready in memory, in batches of the same size. Nothing is decoded, decided or published.
 */
process.once('message', (task: DrainTask) => {
  drain(task).then(
    (result) => process.send?.(result, () => process.disconnect()),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

async function drain({ folder, orders, batch }: DrainTask): Promise<DrainResult> {
  const path = `${folder}/orders.db`;
  await migrate({ kind: 'sqlite', path }, pino({ level: 'warn' }));
  const connection = new Database(path);
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  connection.pragma('wal_autocheckpoint = 4000');
  connection.pragma('cache_size = -65536');
  const insertOrder = connection.prepare(`INSERT INTO orders
    (id, customer_id, merchant_id, currency, total, status, version, items, metadata, fingerprint, placed_by,
     created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const insertHistory = connection.prepare(
    'INSERT INTO order_history (order_id, version, status, at, reason, partition, "offset") VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const moveProgress = connection.prepare(
    'INSERT INTO progress VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset',
  );
  const rows = Array.from({ length: orders }, (_, index) => rowsOf(index));
  const write = connection.transaction((from: number) => {
    for (const { order, history } of rows.slice(from, from + batch)) {
      insertOrder.run(...order);
      insertHistory.run(...history);
    }
    for (let partition = 0; partition < 12; partition += 1)
      moveProgress.run('orders.commands', partition, from);
  });

  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  for (let from = 0; from < orders; from += batch) write.immediate(from);
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const rssBytes = process.memoryUsage.rss();
  connection.close();
  return { seconds, cpuMicros: cpu.user + cpu.system, rssBytes };
}

function rowsOf(index: number): { order: unknown[]; history: unknown[] } {
  const { customerId, merchantId, currency, items, metadata } = sampleOrder(index);
  const id = newOrderId();
  const now = Date.now();
  const values = [customerId, merchantId, currency, orderTotal(items), 'confirmed', 1, JSON.stringify(items)];
  return {
    order: [id, ...values, JSON.stringify(metadata), null, id, now, now],
    history: [id, 1, 'confirmed', now, null, index % 12, index],
  };
}
