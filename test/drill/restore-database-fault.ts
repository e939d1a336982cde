import { pause } from './abort.ts';
import type { ClusterNode } from './cluster-node.ts';
import { drillNow } from './drill-clock.ts';
import type { Fault } from './fault.ts';
import type { Ledger } from './ledger.ts';
import type { DatabaseServer } from './stores/drill-store.ts';

/** The database goes back to an older copy while Kafka still has every record: nothing is lost. */
export function restoreDatabaseFault(
  database: DatabaseServer,
  { nodes, ledger }: { nodes: readonly ClusterNode[]; ledger: Ledger },
): Fault {
  return {
    kind: 'restore-database',
    async inject({ durationMs }, signal) {
      const after = drillNow();
      await database.copyData();
      const takenBy = drillNow();
      await pause(durationMs, signal);
      await Promise.all(nodes.map((node) => node.kill()));
      await database.restoreData();
      ledger.lostSpans.push({ after, takenBy, until: drillNow(), lost: 'nothing', isRestore: true });
      await Promise.all(nodes.map((node) => node.start()));
    },
  };
}
