import { pause } from './abort.ts';
import { checkRefusal } from './check-refusal.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { DatabaseFiles } from './database-files.ts';
import { drillNow } from './drill-clock.ts';
import type { Fault } from './fault.ts';
import type { Finding } from './findings.ts';
import type { Ledger } from './ledger.ts';
import type { Acknowledgement, LostSpan } from './lost-spans.ts';
import { runCommand } from './order-system.ts';
import type { DrillStore } from './stores/drill-store.ts';

export interface LogFaultParts {
  node: ClusterNode;
  logFiles: DatabaseFiles;
  store: DrillStore;
  ledger: Ledger;
  /** what the service did wrong */
  findings: Finding[];
}

/** A copy of the log at one moment, as a copy of the folder of a running service has it. */
interface OlderLog {
  folder: string;
  /** what was acknowledged before is in it; what was acknowledged after it was taken is not */
  span: Pick<LostSpan, 'after' | 'takenBy'>;
}

/** The log goes back alone: the service must refuse to start. Then the right log is put back, and nothing is lost. */
export function olderLogFault(parts: LogFaultParts): Fault {
  const { node, logFiles, findings } = parts;
  return {
    kind: 'older-log',
    async inject({ durationMs }, signal) {
      const older = await copyLog(parts);
      await pause(durationMs, signal);
      await node.stop();
      const right = await logFiles.copy();
      try {
        await logFiles.replace(older.folder);
        findings.push(...(await tryToStart(older, parts)));
      } finally {
        await logFiles.replace(right);
        await node.start();
      }
    },
  };
}

/** The log goes back alone, after a crash, and an operator accepts the loss of what the store had not applied. */
export function acceptLossFault(parts: LogFaultParts): Fault {
  const { node, logFiles, store, ledger, findings } = parts;
  return {
    kind: 'accept-loss',
    async inject({ durationMs }, signal) {
      const older = await copyLog(parts);
      await pause(durationMs, signal);
      await node.kill();
      const right = await logFiles.copy();
      await logFiles.replace(older.folder);
      const lost = await store.progress();
      const found = [
        ...(await runCommand(node, ['accept-loss', '--dry-run'])),
        // A dry run changes nothing.
        ...(await tryToStart(older, parts)),
        ...(await runCommand(node, ['accept-loss'])),
      ];
      findings.push(...found);
      if (found.length > 0) await logFiles.replace(right);
      else ledger.lostSpans.push({ ...older.span, until: drillNow(), lost, isRestore: false });
      await node.start();
    },
  };
}

async function copyLog({ node, logFiles }: LogFaultParts): Promise<OlderLog> {
  const after = drillNow();
  node.freeze();
  try {
    return { folder: await logFiles.copy(), span: { after, takenBy: drillNow() } };
  } finally {
    node.thaw();
  }
}

/** Judges only if the store has certainly applied a record that the older log does not have. */
async function tryToStart({ span }: OlderLog, { node, store, ledger }: LogFaultParts): Promise<Finding[]> {
  const progress = await store.progress();
  const isGone = ({ at, position }: Acknowledgement): boolean =>
    at > span.takenBy && position !== undefined && position.offset < (progress.get(position.partition) ?? 0);
  if (!ledger.entries.some(({ acknowledgements }) => acknowledgements.some(isGone))) return [];
  const finding = checkRefusal(await node.refusal(), progress);
  return finding === undefined ? [] : [finding];
}
