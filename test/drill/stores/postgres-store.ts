import { PostgresServer } from '../../../tools/support/postgres.ts';
import type { Closers } from '../closers.ts';
import { killStore } from '../faults/kill-store.ts';
import { lockTable } from '../faults/lock-table.ts';
import { PARKED_ROWS, toRetryingOrder, type DrillStore, type RetryingOrderRow } from './drill-store.ts';

/** A server of the drill's own, whose commits are on the disk when they return. */
export async function postgresStore(closers: Closers): Promise<DrillStore> {
  const server = await PostgresServer.launch('durable');
  closers.add(() => server.remove());
  const url = await server.createDatabase();
  return {
    url,
    faults: [lockTable(server, url), killStore(server)],
    async parked() {
      const rows = await server.run<RetryingOrderRow>(url, PARKED_ROWS);
      return rows.map(toRetryingOrder);
    },
  };
}
