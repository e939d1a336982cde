import { join } from 'node:path';
import { pause } from './abort.ts';
import type { DatabaseFiles } from './database-files.ts';
import { drillNow } from './drill-clock.ts';
import type { Fault } from './fault.ts';
import type { LogFaultParts } from './older-log-faults.ts';
import { runCommand } from './order-system.ts';

/** Log and store go back together, to an online backup: orders since then are lost, all others are there. */
export function restoreBackupFault(
  { node, logFiles, ledger, findings }: LogFaultParts,
  { storeFiles, backups }: { storeFiles: DatabaseFiles; backups: string },
): Fault {
  let count = 0;
  return {
    kind: 'restore-backup',
    async inject({ durationMs }, signal) {
      const backup = join(backups, `backup-${++count}`);
      const after = drillNow();
      const failed = await runCommand(node, ['backup', backup]);
      const takenBy = drillNow();
      findings.push(...failed);
      if (failed.length > 0) return;
      await pause(durationMs, signal);
      await node.stop();
      await logFiles.replace(backup);
      await storeFiles.replace(backup);
      ledger.lostSpans.push({ after, takenBy, until: drillNow(), lost: 'everything', isRestore: true });
      await node.start();
    },
  };
}
