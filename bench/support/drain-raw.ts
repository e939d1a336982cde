import { pino } from 'pino';
import { Database } from '../../src/base/sqlite.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { INSERT_POSTINGS } from '../../src/store/sqlite/list-key.ts';
import { measured, serveDrain, type DrainTask, type PreparedTask } from './drain-task.ts';
import { readRows } from './read-rows.ts';

/**
 * The reference: better-sqlite3 alone writes the same rows from memory, in the same order and batches, into the same
 * tables and indexes, with the same pragmas. Nothing is decoded, decided or published while it is measured.
 */
async function prepare({ folder, orders, batch }: DrainTask): Promise<PreparedTask> {
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
  const insertPostingsFrom = connection.prepare(INSERT_POSTINGS);
  const insertHistory = connection.prepare(
    'INSERT INTO order_history (order_id, version, status, at, reason, partition, "offset") VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const moveProgress = connection.prepare(
    'INSERT INTO progress (topic, partition, next_offset) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset',
  );
  const rows = await readRows(folder, orders);
  const write = connection.transaction((from: number) => {
    for (const { order, history } of rows.slice(from, from + batch)) {
      insertOrder.run(...order);
      insertHistory.run(...history);
    }
    insertPostingsFrom.run(from + 1);
    for (let partition = 0; partition < 12; partition += 1)
      moveProgress.run('orders.commands', partition, from);
  });

  return async () => {
    const result = await measured(() => {
      for (let from = 0; from < orders; from += batch) write.immediate(from);
    });
    connection.close();
    return result;
  };
}

serveDrain(prepare);
