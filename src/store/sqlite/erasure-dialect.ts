import { statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { ServiceError } from '../../base/errors.ts';
import type { ErasureDialect } from '../sql/erasure-store.ts';
import { asPromise, type Connection } from './connection.ts';
import { DELETE_POSTINGS, hasListKey, INSERT_POSTINGS_OF } from './list-key.ts';

/** Pages that one step of a merge writes. */
const MERGE_PAGES = 256;

/** How long to wait for readers of the write-ahead log. */
const CHECKPOINT_TIMEOUT_MS = 30_000;
const CHECKPOINT_PAUSE_MS = 50;

const TOTAL_CHANGES = 'SELECT total_changes()';

/** @param path of the database file */
export function sqliteErasureDialect(connection: Connection, path: string): ErasureDialect {
  return {
    ordersOf: (customerId) => ({
      text: `order_parties CROSS JOIN orders INDEXED BY orders_by_time ON ${hasListKey('order_parties.rowid')}
             WHERE order_parties MATCH ? AND orders.customer_id = ?`,
      values: [`c${Buffer.from(customerId).toString('hex')}`, customerId],
    }),
    contains: (column) => `instr(${column}, ?) > 0`,
    reindexed: (seqs) => {
      const statement = (name: string, text: string) => ({ name, text, values: [JSON.stringify(seqs)] });
      return {
        before: [statement('delete postings', DELETE_POSTINGS)],
        after: [statement('insert postings', INSERT_POSTINGS_OF)],
      };
    },
    async rewrite(onStep) {
      onStep('the index of customers');
      await mergePostings(connection);
      onStep('the file');
      await asPromise(() => vacuum(connection));
      await emptyWriteAheadLog(connection, path);
    },
    size: () => asPromise(() => statSync(path).size),
  };
}

/** Merges all segments of the index, because deleted words stay in theirs. In steps, so that others can write between them. */
async function mergePostings(connection: Connection): Promise<void> {
  const merge = connection.prepare<[number]>(
    `INSERT INTO order_parties (order_parties, rank) VALUES ('merge', ?)`,
  );
  const changes = connection.prepare<[], number>(TOTAL_CHANGES).pluck();
  await asPromise(() => merge.run(-MERGE_PAGES));
  for (let merged = true; merged;) {
    const before = changes.get() ?? 0;
    await asPromise(() => merge.run(MERGE_PAGES));
    // A step that merges nothing changes one row.
    merged = (changes.get() ?? 0) - before >= 2;
  }
}

/** Its temporary copy is as large as the file, so it must not be in memory. */
function vacuum(connection: Connection): void {
  connection.pragma('temp_store = FILE');
  try {
    connection.exec('VACUUM');
  } finally {
    connection.pragma('temp_store = MEMORY');
  }
}

async function emptyWriteAheadLog(connection: Connection, path: string): Promise<void> {
  const deadline = performance.now() + CHECKPOINT_TIMEOUT_MS;
  for (;;) {
    const [state] = connection.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
    if (state?.busy === 0) return;
    if (performance.now() > deadline) {
      const detail = `${path}-wal may still have old rows, because it is being read all the time. Run the command again when less goes on.`;
      throw new ServiceError('erasure-failed', detail);
    }
    await pause(CHECKPOINT_PAUSE_MS);
  }
}
