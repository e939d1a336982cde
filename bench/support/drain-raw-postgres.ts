import { Client } from 'pg';
import { measured, serveDrain, type DrainTask, type PreparedTask } from './drain-task.ts';
import { readRows, type Rows } from './read-rows.ts';

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

/**
 * The reference: pg alone writes the same rows from memory, in the same order and batches, into the same tables and
 * indexes, by multi-row inserts with one round trip a batch. Nothing is decoded, decided or published while it is
 * measured.
 */
async function prepare({ folder, orders, batch, store }: DrainTask): Promise<PreparedTask> {
  if (store?.kind !== 'postgres') throw new Error('The task must have a PostgreSQL store.');
  const rows = await readRows(folder, orders);
  const batches: Columns[] = [];
  for (let from = 0; from < orders; from += batch) {
    batches.push(columnsOf(rows.slice(from, from + batch), from + 1));
  }
  const client = new Client({ connectionString: store.url, pipeline: true });
  await client.connect();
  return async () => {
    const result = await measured(async () => {
      for (const [index, columns] of batches.entries()) {
        const progress = [PARTITIONS, PARTITIONS.map(() => index)];
        await Promise.all([
          client.query('BEGIN'),
          client.query({ name: 'orders', text: INSERT_ORDERS, values: columns.orders }),
          client.query({ name: 'history', text: INSERT_HISTORY, values: columns.history }),
          client.query({ name: 'progress', text: MOVE_PROGRESS, values: progress }),
          client.query('COMMIT'),
        ]);
      }
    });
    await client.end();
    return result;
  };
}

interface Columns {
  orders: unknown[][];
  history: unknown[][];
}

function columnsOf(rows: readonly Rows[], firstSequence: number): Columns {
  return {
    orders: transposed(rows.map(({ order }) => order)),
    history: transposed(rows.map(({ history }, index) => [...history, firstSequence + index])),
  };
}

function transposed(rows: readonly unknown[][]): unknown[][] {
  return (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]));
}

serveDrain(prepare);
