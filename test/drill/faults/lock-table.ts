import type { PostgresServer } from '../../../tools/support/postgres.ts';
import { pause } from '../pause.ts';
import type { Fault } from './fault.ts';

/** Somebody changes a table that every batch writes to, and takes their time. */
export function lockTable(server: PostgresServer, url: string): Fault {
  return {
    kind: 'lock-store',
    async inject({ durationMs }, signal) {
      const client = await server.connect(url);
      // A kill of the server ends the lock early.
      const lost = new Promise<void>((resolve) => client.once('error', () => resolve()));
      try {
        await client.query('BEGIN; LOCK TABLE progress IN ACCESS EXCLUSIVE MODE');
        await Promise.race([pause(durationMs, signal), lost]);
      } finally {
        await client.end();
      }
    },
  };
}
