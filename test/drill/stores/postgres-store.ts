import type { Lifecycle } from '../../../src/app/lifecycle.ts';
import { PostgresServer } from '../../../tools/support/postgres.ts';
import { pause } from '../abort.ts';
import type { Fault } from '../fault.ts';
import {
  PROGRESS,
  RETRYING_ORDERS,
  toProgress,
  toRetryingOrder,
  type DrillStore,
  type ProgressRow,
  type RetryingOrderRow,
} from './drill-store.ts';

/** A server for this drill alone. A commit is on disk when it returns. */
export async function postgresStore(lifecycle: Lifecycle): Promise<DrillStore> {
  const server = await PostgresServer.launch('durable');
  lifecycle.opened('PostgreSQL', () => server.remove());
  const url = await server.createDatabase();
  return {
    url,
    faults: [lockTableFault(server, url), killServerFault(server)],
    async retryingOrders() {
      const rows = await server.run<RetryingOrderRow>(url, RETRYING_ORDERS);
      return rows.map(toRetryingOrder);
    },
    async progress() {
      return toProgress(await server.run<ProgressRow>(url, PROGRESS));
    },
    database: server,
  };
}

/** Another client locks a table that every batch writes to. */
function lockTableFault(server: PostgresServer, url: string): Fault {
  return {
    kind: 'lock-store',
    async inject({ durationMs }, signal) {
      const client = await server.connect(url);
      // Killing the server ends the lock early.
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

/** SIGKILL to the database server; the restart recovers what it had committed. */
function killServerFault(server: PostgresServer): Fault {
  return {
    kind: 'kill-store',
    async inject({ durationMs }, signal) {
      await server.kill();
      await pause(durationMs, signal);
      await server.bringUp();
    },
  };
}
