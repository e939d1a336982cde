import { setTimeout as delay } from 'node:timers/promises';
import type { DiskFault, DiskFaults } from '../../tools/support/disk-faults.ts';
import { pause } from './abort.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { Fault } from './fault.ts';

/** Long enough for some commits to fail, short enough that no later commit overwrites what they wrote. */
const UNTIL_CRASH_MS = 150;

const FAILING_SYNCS: DiskFault[] = ['/log.db', '/log.db-wal'].map((pathEnd) => ({
  call: 'sync',
  error: 'EIO',
  pathEnd,
}));

/**
 * fsync of the event log fails twice. The first time the process crashes at once, so the log shows what the failed commits
 * wrote. The second time the disk works again, orders are taken, and then it crashes. What was acknowledged must be there,
 * and what was refused must not.
 */
export function failFsyncFault(node: ClusterNode, disk: DiskFaults): Fault {
  return {
    kind: 'fail-fsync',
    async inject({ durationMs }, signal) {
      try {
        disk.set(...FAILING_SYNCS);
        await delay(UNTIL_CRASH_MS);
        await restart(node, disk);
        await pause(durationMs / 3, signal);
        disk.set(...FAILING_SYNCS);
        await pause(durationMs / 3, signal);
        disk.clear();
        await pause(durationMs / 3, signal);
      } finally {
        await restart(node, disk);
      }
    },
  };
}

async function restart(node: ClusterNode, disk: DiskFaults): Promise<void> {
  await node.kill();
  disk.clear();
  await node.start();
}
